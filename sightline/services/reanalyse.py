"""Ask again for images of which too much was cut away to say whether a label was missed.

The row then wants the deeper analysis of the same bytes, and goes the usual way. Done twice it pays nothing twice: what
has been asked deeper is not unknown for want of depth any more, and the ledger has the answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sightline.errors import ConfigurationError
from sightline.models.images import ImageRow, Lane
from sightline.queues.publishing import Publish, publish
from sightline.queues.steps import next_steps
from sightline.rekognition.analysis import analysis_id
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.plan import Plan
from sightline.services.review import Scope
from sightline.services.rollups.cells import read_day, unknown_images
from sightline.services.rollups.plan import FEATURE
from sightline.stats.strata import StrataRule


@dataclass(frozen=True, slots=True)
class Quote:
    """What asking again would cost at most. analyses: those that the ledger does not have yet."""

    image_ids: Sequence[str]
    analyses: int
    cost_micro_usd: int


def find_unknown(scope: Scope, services: Services) -> list[str]:
    """Name the images of stratum D that were not asked deeper yet. Raise ConfigurationError if none can be."""
    rule, plan = services.accuracy.rule_of(scope.label), services.plan
    _check_depth(rule, plan)
    return [
        image.image_id
        for camera_day in scope.camera_days
        for image, part in unknown_images(read_day(camera_day, services.images, services.verdicts), rule)
        if part.analysis_id != deeper_id(image.content_sha256, plan)
    ]


def _check_depth(rule: StrataRule, plan: Plan) -> None:
    lowest = plan.deeper.get(FEATURE, {}).get("MinConfidence")
    if lowest is None or lowest > rule.threshold_percent:
        raise ConfigurationError(
            f"{rule.label} at {rule.threshold_percent:g} %",
            rule="the deeper request must reach below the threshold",
            remedy="Watch the label at a higher threshold, and have `labels` among SIGHTLINE_FEATURES",
        )


def deeper_id(content: str, plan: Plan) -> str:
    """Name the deeper analysis of these bytes."""
    return analysis_id(content, FEATURE, plan.deeper[FEATURE], plan.generation)


def quote(image_ids: Sequence[str], services: Services) -> Quote:
    """Reckon the price: one analysis for each content that the ledger has no answer for."""
    rows = services.images.get_many(image_ids).values()
    wanted = {deeper_id(row.content.sha256, services.plan) for row in rows if row.content}
    standing = [services.ledger.get(each) for each in sorted(wanted)]
    missing = sum(entry is None or not entry.is_settled for entry in standing)
    price = services.prices.of_call(feature_named(FEATURE), services.plan.deeper[FEATURE])
    return Quote(image_ids, missing, missing * price)


def ask_again(image_ids: Iterable[str], services: Services, send: Publish = publish) -> Iterator[str]:
    """Let each row want the deeper analysis, then send its step; return each image that now does."""
    for image_id in image_ids:
        row = services.images.get(image_id)
        begun = _begin(row, services) if row else None
        if begun:
            send(next_steps(begun))
            yield image_id


def _begin(row: ImageRow, services: Services) -> ImageRow | None:
    """Change the row, unless it has changed since: then its next analysis says whether it is still unknown."""
    if not row.is_known or row.content is None or row.capture is None or FEATURE not in row.wanted:
        return None
    deeper = deeper_id(row.content.sha256, services.plan)
    if row.wanted[FEATURE] == deeper:
        return None
    return services.images.begin(row, row.content, row.capture, {**row.wanted, FEATURE: deeper}, Lane.BACKFILL)
