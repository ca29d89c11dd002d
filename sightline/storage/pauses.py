"""Stopped queues, and the outcomes that the rejection circuit breaker looks at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from typing_extensions import override

from sightline.errors import Unavailable
from sightline.models.stored import StoredEnum
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    equals,
    exists,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable

OUTCOMES_KEPT = 200
"""Of how many of a lane's last images the outcome is known."""


class Cause(StoredEnum):
    """Why a queue is not taken from. `brake`: until somebody resumes it; `refused`: until it works again."""

    BRAKE = "brake"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Stop:
    """One queue that is not taken from. until: when this is forgotten, unless it is said again; None: never."""

    queue: str
    cause: Cause
    reason: str
    at: datetime
    until: datetime | None = None

    @property
    def stop_id(self) -> str:
        """Name it: a queue may be stopped for both causes."""
        return f"{self.cause}#{self.queue}"


STOP, OUTCOMES = "stop", "outcomes"

_WRITES_TRIED = 10
"""How often adding outcomes is tried again if another process has just added its own."""


class Pauses(Protocol):
    """What every store of pauses does."""

    def stop(self, stop: Stop) -> None:
        """Say that a queue is not to be taken from; a stop that stands keeps its time."""

    def resume(self, queue: str, cause: Cause) -> bool:
        """Forget a stop; return whether there was one."""

    def stops(self) -> Iterator[Stop]:
        """Return the stops that stand, consistently."""

    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Add how a lane's images ended to its last OUTCOMES_KEPT; return those, the newest last."""

    def forget_outcomes(self, lane: str) -> None:
        """Forget a lane's outcomes."""


class DynamoPauses(Pauses):
    """The pauses of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def stop(self, stop: Stop) -> None:
        change = Change().set_all(queue=stop.queue, cause=stop.cause, reason=stop.reason)
        change.set("until", instant(stop.until) if stop.until else None)
        change.set("expires_at", int(stop.until.timestamp()) if stop.until else None)
        self._table.update({"kind": STOP, "id": stop.stop_id}, change.set_if_missing("stopped_at", instant(stop.at)))

    @override
    def resume(self, queue: str, cause: Cause) -> bool:
        return self._table.delete({"kind": STOP, "id": f"{cause}#{queue}"}, exists("kind"))

    @override
    def stops(self) -> Iterator[Stop]:
        # TTL deletes late, so the time is compared as well.
        now = self._clock()
        for stop in map(_stop, self._table.query(equals("kind", STOP))):
            if stop.until is None or stop.until > now:
                yield stop

    @override
    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        key = {"kind": OUTCOMES, "id": lane}
        for _ in range(_WRITES_TRIED):
            item = self._table.get(key) or {}
            last = (*item.get("last", ()), *outcomes)[-OUTCOMES_KEPT:]
            change = Change().set("last", last).add("revision", 1)
            if self._table.update(key, change, equals("revision", item.get("revision"))).is_written:
                return last
        raise Unavailable(lane, rule="too many processes note outcomes at once")

    @override
    def forget_outcomes(self, lane: str) -> None:
        self._table.update({"kind": OUTCOMES, "id": lane}, Change().set("last", ()).add("revision", 1))


def _stop(item: Item) -> Stop:
    until = item.get("until")
    return Stop(
        queue=item["queue"],
        cause=Cause.read(item["cause"]),
        reason=item["reason"],
        at=datetime.fromisoformat(item["stopped_at"]),
        until=datetime.fromisoformat(until) if until else None,
    )
