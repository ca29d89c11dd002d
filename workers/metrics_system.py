"""What the whole system tells Prometheus: queues, images by state, rates, runs, stops, dead letters.

The worker of the queue `operations` serves it: it runs anyway, the supervisor restarts it, and its absence is seen by
`up == 0`. Where two of them run, both tell the same: take `max by`, never `sum`.

A thread reads each source at its own period and keeps what it found, so a scrape asks no server, costs nothing, and
is quick while a server is away. No table is scanned: images are counted, or if there are too many, estimated by sparse
indexes.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sightline.errors import SightlineError
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.redis import RedisQueues
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.prices import Prices
from sightline.services.budget_status import caps_now
from sightline.services.collaborators import Services
from sightline.services.costs import read_costs, sums
from sightline.services.need_estimate import read_estimate
from sightline.services.treasury import Treasury
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

log = structlog.get_logger()

LOOK_SECONDS = 5.0
OFTEN = timedelta(seconds=10)
SELDOM = timedelta(minutes=5)

Families = list[GaugeMetricFamily]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read, and how often."""

    name: str
    period: timedelta
    read: Callable[[], Families]


class SystemMetrics(Collector):
    """The families that were last read, by source. A source that is away keeps none: an old figure would mislead."""

    def __init__(self, sources: Sequence[Source], clock: Callable[[], datetime]) -> None:
        self._sources = sources
        self._clock = clock
        self._read_at: dict[str, datetime] = {}
        self._found: dict[str, Families | None] = {}

    def refresh(self) -> None:
        """Read the sources that are due."""
        for source in self._sources:
            now = self._clock()
            last = self._read_at.get(source.name)
            if last is None or now - last >= source.period:
                self._read_at[source.name] = now
                self._found[source.name] = _read(source)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what is kept, and of each source whether it answered and when it was asked."""
        found = dict(self._found)
        up = GaugeMetricFamily("sightline_source_up", "1 where the source answered", labels=["source"])
        asked = GaugeMetricFamily(
            "sightline_source_read_timestamp_seconds", "When the source was last asked", labels=["source"]
        )
        for name, families in found.items():
            up.add_metric([name], float(families is not None))
            asked.add_metric([name], self._read_at[name].timestamp())
            yield from families or []
        yield from (up, asked)

    def describe(self) -> list[GaugeMetricFamily]:
        """Say nothing in advance: registering must not wait for a server."""
        return []


def _read(source: Source) -> Families | None:
    try:
        return source.read()
    except SightlineError as error:
        log.warning("A source of metrics did not answer", source=source.name, error=str(error))
        return None


def watch(metrics: SystemMetrics, stopping: threading.Event) -> None:
    """Refresh from a thread until the process stops."""

    def look() -> None:
        while not stopping.wait(LOOK_SECONDS):
            metrics.refresh()

    threading.Thread(target=look, name="metrics", daemon=True).start()


def sources(services: Services) -> list[Source]:
    """Name every source of a running system."""
    treasury = services.treasury
    return [
        Source("queues", OFTEN, lambda: queues(services.queues, services.clock())),
        Source("rates", OFTEN, lambda: rates(services.limiter)),
        Source("last_runs", OFTEN, lambda: last_runs(services.operations)),
        Source("stops", OFTEN, lambda: stops(services.operations)),
        *([Source("budget", OFTEN, lambda: budget(treasury, services.operations))] if treasury else []),
        Source("refusing_buckets", OFTEN, lambda: refusing_buckets(services.operations)),
        Source("images", SELDOM, lambda: images(services.images)),
        Source("cost", SELDOM, lambda: cost(services.operations, services.prices, services.clock().date())),
        *([Source("need", SELDOM, lambda: need(services))] if services.plan.need else []),
        Source("dead_letters", SELDOM, lambda: dead_letters(services.operations)),
    ]


def queues(broker: RedisQueues, now: datetime) -> Families:
    """Read every queue in one round trip. A queue without a next message, or whose sender said no time, has no age."""
    standing = broker.read(QUEUE_NAMES)
    messages = GaugeMetricFamily("sightline_queue_messages", "Messages that wait", labels=["queue"])
    oldest = GaugeMetricFamily("sightline_queue_oldest_seconds", "Age of the message next to go", labels=["queue"])
    for name, waiting in standing.waiting.items():
        messages.add_metric([name], waiting.messages)
        if waiting.sent_at is not None:
            oldest.add_metric([name], max(0.0, (now - waiting.sent_at).total_seconds()))
    held = GaugeMetricFamily("sightline_unacknowledged_messages", "Messages that are taken and not finished")
    held.add_metric([], standing.unacknowledged)
    return [messages, oldest, held]


def rates(limiter: Limiter) -> Families:
    """Read the limiter's rates."""
    rate = GaugeMetricFamily("sightline_rate_calls_per_second", "What is used of the quota now", labels=["operation"])
    quota = GaugeMetricFamily("sightline_quota_calls_per_second", "The quota in force", labels=["operation"])
    share = GaugeMetricFamily("sightline_quota_share_ratio", "Rate over quota", labels=["operation"])
    for operation, each in limiter.rates().items():
        rate.add_metric([operation], each.rate)
        quota.add_metric([operation], each.quota)
        share.add_metric([operation], each.rate / each.quota)
    return [rate, quota, share]


def last_runs(operations: Operations) -> Families:
    """Read when each beat task last began, and how long it took."""
    began = GaugeMetricFamily("sightline_last_run_timestamp_seconds", "When the last run began", labels=["task"])
    took = GaugeMetricFamily("sightline_last_run_seconds", "How long the last run took", labels=["task"])
    for name, run in operations.runs.last().items():
        began.add_metric([name], run.started_at.timestamp())
        took.add_metric([name], run.took.total_seconds())
    return [began, took]


def stops(operations: Operations) -> Families:
    """Read the queues that are not taken from, and the cameras whose images wait."""
    stopped = GaugeMetricFamily(
        "sightline_stopped", "1 while a lane, a camera or a queue is stopped", labels=["queue", "cause", "camera"]
    )
    for each in operations.pauses.stops():
        stopped.add_metric([each.queue, str(each.cause), each.camera or ""], 1)
    return [stopped]


def budget(treasury: Treasury, operations: Operations) -> Families:
    """Read what is taken of each cap."""
    cap_usd = GaugeMetricFamily("sightline_budget_cap_usd", "A cap of the budget", labels=["scope", "period"])
    taken = GaugeMetricFamily("sightline_budget_taken_usd", "What is taken of it", labels=["scope", "period"])
    ratio = GaugeMetricFamily("sightline_budget_taken_ratio", "Taken over cap", labels=["scope", "period"])
    for each in caps_now(treasury, operations):
        labels = [each.cap.scope, str(each.cap.period)]
        cap_usd.add_metric(labels, each.cap_usd)
        taken.add_metric(labels, each.taken_usd)
        ratio.add_metric(labels, each.taken_usd / each.cap_usd)
    return [cap_usd, taken, ratio]


def refusing_buckets(operations: Operations) -> Families:
    """Read the buckets and prefixes whose images wait, and those that have a dead letter."""
    refused = GaugeMetricFamily(
        "sightline_bucket_refused", "1 while images of a bucket or prefix wait for it", labels=["place", "reader"]
    )
    for each in operations.bucket_refusals.read():
        for place in sorted({*each.held(), *each.letters}):
            refused.add_metric([place, str(each.reader)], 1)
    return [refused]


def images(store: ImageStore) -> Families:
    """Count images by state, all but the complete ones; and the table's own count, which DynamoDB renews seldom."""
    by_state = GaugeMetricFamily("sightline_images", "Images that are not complete, by state", labels=["state"])
    plus_minus = GaugeMetricFamily(
        "sightline_images_plus_minus",
        "How far sightline_images may be off, with 95 % confidence: 0 if counted, +Inf if nobody knows",
        labels=["state"],
    )
    counts = store.count_by_state()
    for state, number in counts.by_state.items():
        by_state.add_metric([str(state)], number)
        off = counts.plus_minus.get(state, 0)
        plus_minus.add_metric([str(state)], math.inf if off is None else off)
    known = GaugeMetricFamily("sightline_images_known", "Images of every state, by the table's own count")
    known.add_metric([], store.count()[0])
    return [by_state, plus_minus, known]


def cost(operations: Operations, prices: Prices, today: date) -> Families:
    """Read this month's cost from the books, by feature and reason, and what the month comes to."""
    costs = read_costs(operations, prices, today)
    month = GaugeMetricFamily(
        "sightline_month_cost_usd",
        "This month's cost by AWS's list; `at_most` with calls that may have been billed",
        labels=["feature", "reason", "bound"],
    )
    for name, amount in sums(costs.lines, lambda line: f"{line.feature}|{line.reason}").items():
        for bound, usd in (("at_least", amount.usd), ("at_most", amount.usd_at_most)):
            month.add_metric([*name.split("|"), bound], usd)
    forecast = GaugeMetricFamily("sightline_forecast_cost_usd", "What this month comes to", labels=["bound"])
    if told := costs.forecast:
        bounds = {"expected": told.usd, "at_least": told.usd_at_least, "at_most": told.usd_at_most}
        for bound, usd in bounds.items():
            forecast.add_metric([bound], usd)
    return [month, forecast]


def need(services: Services) -> Families:
    """Read what the last estimate says that paying by need saved and missed, in four weeks of captures."""
    images = GaugeMetricFamily("sightline_need_spared_images", "Images not asked for a feature", labels=["feature"])
    saved = GaugeMetricFamily("sightline_need_saved_usd", "What that saved", labels=["feature"])
    missed = GaugeMetricFamily(
        "sightline_need_missed_images", "Images on which something was missed", labels=["feature", "bound"]
    )
    estimate = read_estimate(services)
    for name, facts in (estimate.features if estimate else {}).items():
        images.add_metric([name], facts["images"])
        saved.add_metric([name], facts["saved_usd"])
        bounds = {"expected": facts["missed"], "at_least": facts["missed_low"], "at_most": facts["missed_high"]}
        for bound, number in bounds.items():
            if number is not None:
                missed.add_metric([name, bound], number)
    return [images, saved, missed]


def dead_letters(operations: Operations) -> Families:
    """Count the open dead letters by error."""
    counts: dict[str, int] = {}
    for dead_letter in operations.dead_letters.read():
        counts[dead_letter.error] = counts.get(dead_letter.error, 0) + 1
    family = GaugeMetricFamily("sightline_dead_letters", "Open dead letters", labels=["error"])
    for error, number in sorted(counts.items()):
        family.add_metric([error], number)
    return [family]
