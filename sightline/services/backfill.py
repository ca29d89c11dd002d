"""Backfill: carry what is in a bucket already through the backfill lane, page by page.

Each page is compared with the rows, its new images get their rows, then their messages are sent, and then the position
is kept: killed anywhere, the next run repeats at most one page, which pays nothing twice. A page is mixed from many
cameras and days (`key_spans.py`), so that no camera's day takes all writes of the index by day.

What a kill or Redis loses between is found by the reconciler (new rows) or by running the backfill again, which sends
only what is still due.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta

from sightline.errors import SlotRefused
from sightline.models.images import Lane
from sightline.models.stored import known_fields
from sightline.queues.publishing import Publish, publish
from sightline.queues.steps import lane_queue
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.ingest import add_images
from sightline.services.key_spans import Span, divide, list_round
from sightline.services.listing import Due, Listed, look_at_page
from sightline.storage.buckets.protocol import ObjectHead, Prefix

MOST_AHEAD = timedelta(minutes=10)
"""How much work may wait: what is sent cannot be called back, and a long queue hides what is wrong."""

POLL_SECONDS = 20.0
"""How often it is asked whether there is room again."""

CHECKPOINT_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill has come.

    after: everything up to this key was dealt with; sent: images that were due; skipped: objects that are no images
    spans: where the listing goes on in each part of the place; empty: after `after`, as older versions kept it
    """

    after: str | None = None
    listed: int = 0
    sent: int = 0
    listed_bytes: int = 0
    cost_micro_usd: int = 0
    pays_for: Mapping[str, int] = field(default_factory=dict)
    skipped: int = 0
    spans: Sequence[tuple[str | None, str | None]] = ()

    def with_page(
        self, page: Sequence[ObjectHead], found: Listed, services: Services, spans: Sequence[Span] = ()
    ) -> "Progress":
        """Add what came of a page. spans: what is left to be listed, if it is divided."""
        due = found.due
        pays_for = dict(self.pays_for)
        for feature in (feature for each in due for feature in each.pays_for):
            pays_for[feature] = pays_for.get(feature, 0) + 1
        return replace(
            self,
            after=spans[0].after if spans else page[-1].uri.key,
            spans=tuple((each.after, each.end) for each in spans),
            listed=self.listed + len(page),
            sent=self.sent + len(due),
            listed_bytes=self.listed_bytes + sum(head.size_bytes for head in page),
            cost_micro_usd=self.cost_micro_usd + sum(_price(each, services) for each in due),
            pays_for=pays_for,
            skipped=self.skipped + found.skipped,
        )


def _price(due: Due, services: Services) -> int:
    """Price an image at the most: where its bytes are known from another key, nothing will be paid."""
    features = services.plan.features
    return sum(services.prices.of_call(feature_named(name), features[name]) for name in due.pays_for)


def survey(prefix: Prefix, services: Services) -> Iterator[Progress]:
    """Say, page by page, what a backfill would send and at most cost; change nothing."""
    progress = Progress()
    while page := services.buckets.list_page(prefix.bucket, prefix.key_prefix, progress.after):
        found = look_at_page(page, services.images, services.plan, follows_plan=True)
        progress = progress.with_page(page, found, services)
        yield progress


def backfill(
    prefix: Prefix,
    services: Services,
    send: Publish = publish,
    *,
    from_the_start: bool = False,
) -> Iterator[Progress]:
    """Send what is due, from where the last run stopped; return the progress after each page.

    It waits while more than ten minutes of work stand in the queues. Raises SlotRefused if the process is to stop.
    """
    progress = Progress() if from_the_start else kept_progress(prefix, services)
    spans = [Span(*each) for each in progress.spans] or divide(prefix, services.buckets, progress.after)
    while spans:
        page, spans = list_round(prefix, spans, services.buckets)
        if not page:
            continue
        found = look_at_page(page, services.images, services.plan, follows_plan=True)
        _send(found.due, services, send)
        progress = progress.with_page(page, found, services, spans)
        services.operations.checkpoints.keep(_name(prefix), asdict(progress), CHECKPOINT_LASTS)
        yield progress
    services.operations.checkpoints.drop(_name(prefix))


def kept_progress(prefix: Prefix, services: Services) -> Progress:
    """Return where the last run of this prefix stopped; a fresh start if there was none, or it had finished."""
    kept = services.operations.checkpoints.get(_name(prefix))
    return Progress(**known_fields(Progress, kept)) if kept else Progress()


def _name(prefix: Prefix) -> str:
    return f"backfill of {prefix}"


def _send(due: list[Due], services: Services, send: Publish) -> None:
    """Send as many as there is room for, then wait for room."""
    rest = [each.image_id for each in due]
    while rest:
        now = room(services)
        add_images(rest[:now], Lane.BACKFILL, services, send)
        rest = rest[now:]
        if rest and services.stopping.wait(POLL_SECONDS):
            raise SlotRefused("the backfill", rule="a process that is to stop waits for nothing")


def room(services: Services) -> int:
    """Return how many images may be sent now so that no feature has more than ten minutes of work ahead."""
    rates = feature_rates(services)
    waiting = services.queues.read(lane_queue(name, lane) for name in ("ingest", *rates) for lane in Lane).waiting

    def ahead(name: str) -> int:
        return sum(waiting[lane_queue(name, lane)].messages for lane in Lane)

    free = (rate * MOST_AHEAD.total_seconds() - ahead("ingest") - ahead(name) for name, rate in rates.items())
    return max(0, int(min(free)))


def feature_rates(services: Services) -> dict[str, float]:
    """Return each wanted feature's share of its operation's rate, images a second: features may share an operation."""
    rates, features = services.limiter.rates(), list(services.plan.features)
    operations = [feature_named(name).operation for name in features]
    shared = zip(features, operations, strict=True)
    return {name: rates[operation].rate / operations.count(operation) for name, operation in shared}
