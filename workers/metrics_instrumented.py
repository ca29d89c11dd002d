"""Services that tell the metrics what they do, and do what they did without them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphImage, GraphStore, Merged
from sightline.models.budgets import Charge
from sightline.models.images import Lane
from sightline.ratelimit.protocol import Limiter, Rate, Slot
from sightline.services.collaborators import Services
from sightline.services.graph_merge import RowMerger
from sightline.services.usage import CallCounter
from sightline.storage.operations import Operations
from workers.metrics import WorkerMetrics


def with_metrics(services: Services, metrics: WorkerMetrics) -> Services:
    """Return the same services, each that has something to tell behind its tap."""
    return replace(
        services,
        limiter=InstrumentedLimiter(services.limiter, metrics),
        calls=InstrumentedCalls(services.operations, services.clock, metrics),
        merges=GroupCommit(RowMerger(services.images, InstrumentedMerge(services.graph, metrics).merge)),
    )


class InstrumentedLimiter:
    """A limiter whose waits and throttled calls are counted."""

    def __init__(self, inner: Limiter, metrics: WorkerMetrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def reserve(self, operation: str, lane: Lane, charge: Charge | None = None) -> Slot:
        """Book the next slot."""
        slot = self._inner.reserve(operation, lane, charge)
        if slot.is_booked:
            self._metrics.slot_booked(operation, lane, slot.wait_seconds)
        else:
            self._metrics.slot_refused(operation, lane)
        return slot

    def give_back(self, operation: str, charge: Charge) -> None:
        """Return the money of a call that was not billed."""
        self._inner.give_back(operation, charge)

    def throttled(self, operation: str, *, ramped_too_fast: bool = False) -> None:
        """Learn that a call was refused."""
        self._metrics.call_throttled(operation)
        self._inner.throttled(operation, ramped_too_fast=ramped_too_fast)

    def override(self, operation: str, per_second: float | None, reason: str) -> None:
        """Set an operator's own quota."""
        self._inner.override(operation, per_second, reason)

    def rates(self) -> dict[str, Rate]:
        """Return every operation's rate now."""
        return self._inner.rates()

    def check(self) -> None:
        """Raise where Redis cannot be used."""
        self._inner.check()


class InstrumentedCalls(CallCounter):
    """A counter of calls that tells each call at once."""

    def __init__(self, operations: Operations, clock: Callable[[], datetime], metrics: WorkerMetrics) -> None:
        super().__init__(operations, clock)
        self._metrics = metrics

    def count(self, feature: str, outcome: str, cost_micro_usd: int = 0) -> None:
        """Count one call."""
        self._metrics.called(feature, outcome, cost_micro_usd)
        super().count(feature, outcome, cost_micro_usd)


class InstrumentedMerge:
    """The merging half of a graph store; counts how many images share a commit."""

    def __init__(self, inner: GraphStore, metrics: WorkerMetrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def merge(self, images: Sequence[GraphImage]) -> list[Merged | Exception]:
        """Write whole images in one transaction."""
        self._metrics.committed(len(images))
        return self._inner.merge(images)
