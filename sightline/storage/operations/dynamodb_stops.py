"""Stopped queues and outcomes in DynamoDB."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sightline.errors import Unavailable
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals, exists
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.stops import OUTCOMES_KEPT, Cause, Stop

STOP, OUTCOMES = "stop", "outcomes"

_WRITES_TRIED = 10
"""How often outcomes are added anew where another process has just added its own."""


class DynamoStops:
    """The stops and outcomes of the table of operations."""

    _table: DynamoTable
    _clock: Callable[[], datetime]

    def stop(self, stop: Stop) -> None:
        """Keep a stop; one that stands keeps its time."""
        change = Change().set_all(queue=stop.queue, cause=stop.cause, reason=stop.reason)
        change.set("until", instant(stop.until) if stop.until else None)
        change.set("expires_at", int(stop.until.timestamp()) if stop.until else None)
        self._table.update({"kind": STOP, "id": stop.stop_id}, change.set_if_missing("stopped_at", instant(stop.at)))

    def resume(self, queue: str, cause: Cause) -> bool:
        """Forget a stop; say whether there was one."""
        return self._table.delete({"kind": STOP, "id": f"{cause}#{queue}"}, exists("kind"))

    def stops(self) -> Iterator[Stop]:
        """Give the stops that stand. TTL deletes late, so the time is compared as well."""
        now = self._clock()
        for stop in map(_stop, self._table.query(equals("kind", STOP))):
            if stop.until is None or stop.until > now:
                yield stop

    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Add a lane's outcomes to its last ones; give those."""
        key = {"kind": OUTCOMES, "id": lane}
        for _ in range(_WRITES_TRIED):
            item = self._table.get(key) or {}
            last = (*item.get("last", ()), *outcomes)[-OUTCOMES_KEPT:]
            change = Change().set("last", last).add("revision", 1)
            if self._table.update(key, change, equals("revision", item.get("revision"))).is_written:
                return last
        raise Unavailable(lane, rule="too many processes note outcomes at once")

    def forget_outcomes(self, lane: str) -> None:
        """Begin anew with a lane's outcomes."""
        self._table.update({"kind": OUTCOMES, "id": lane}, Change().set("last", ()).add("revision", 1))


def _stop(item: Item) -> Stop:
    until = item.get("until")
    return Stop(
        queue=item["queue"],
        cause=Cause(item["cause"]),
        reason=item["reason"],
        at=datetime.fromisoformat(item["stopped_at"]),
        until=datetime.fromisoformat(until) if until else None,
    )
