"""What an image is shown with that is not paid for: the answer about another one that looks like it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.models.answers import Finding
from sightline.models.images import ImageRow, ResultStatus, StandIn
from sightline.services.plan import Plan
from sightline.services.results import result_of
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Ledger


@dataclass(frozen=True, slots=True)
class SeenThere:
    """The other image, and what its answers found by feature.

    is_as_it_was: whether it still has the bytes that look alike. If not, its answers about them come from the ledger,
    as far as they were asked for with today's settings.
    """

    stand_in: StandIn
    is_as_it_was: bool
    found: Mapping[str, Finding]


def seen_there(stand_in: StandIn, other: ImageRow | None, ledger: Ledger, plan: Plan) -> SeenThere:
    """Return what was found in the image that stands in; `other` is its row."""
    if other and other.content and other.content.sha256 == stand_in.content_sha256 and other.parts:
        answered = {name: part for name, part in sorted(other.parts.items()) if part.status is ResultStatus.ANSWERED}
        return SeenThere(stand_in, True, {name: part.finding for name, part in answered.items()})
    return SeenThere(stand_in, False, dict(_kept(stand_in, ledger, plan)))


def _kept(stand_in: StandIn, ledger: Ledger, plan: Plan) -> list[tuple[str, Finding]]:
    asked = [(name, ledger.get(each)) for name in plan.features for each in plan.ids(stand_in.content_sha256, name)]
    answers = {name: result_of(entry).finding for name, entry in reversed(asked) if entry and entry.answer}
    return sorted(answers.items())


def seen_in_row(row: ImageRow, images: ImageStore, ledger: Ledger, plan: Plan) -> SeenThere | None:
    """Return what an image is shown with; None if it is paid for itself."""
    stand_in = row.shown_with
    return seen_there(stand_in, images.get(stand_in.image_id), ledger, plan) if stand_in else None
