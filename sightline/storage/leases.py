"""Leases: the right to be the only one at a piece of work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    Condition,
    all_of,
    equals,
    missing,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the only one at a piece of work. `fence` rises with each holder."""

    name: str
    holder: str
    fence: int
    until: datetime


LEASE = "lease"

REMEMBERED = timedelta(days=1)
"""How long after its end a lease is kept for its fence. TTL only tidies up; `until` decides."""


class Leases(Protocol):
    """What every store of leases does."""

    def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """Take or renew the lease; None while another holds it.

        The fence rises when the holder changes and after the lease was given back; it never falls.
        """

    def release(self, lease: Lease) -> None:
        """Release the lease, unless another has it by now."""


class DynamoLeases(Leases):
    """The leases of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        now = self._clock()
        key = {"kind": LEASE, "id": name}
        renewed = self._table.update(key, _prolong(now + lasts), equals("holder", holder))
        if renewed.is_written:
            return _lease(renewed.item)
        standing = _lease(renewed.item)
        if not is_free(standing, now):
            return None
        change = _prolong(now + lasts).set("holder", holder)
        change.set("fence", next_fence(standing.fence if standing else None, now))
        taken = _lease(self._table.update(key, change, _is_still(standing)).item)
        # The client sends a request again whose answer was lost: then the condition fails, and the lease is ours
        return taken if taken and taken.holder == holder else None

    @override
    def release(self, lease: Lease) -> None:
        # The row stays for the fence.
        change = Change().set("until", instant(self._clock())).remove("holder")
        is_ours = all_of(equals("holder", lease.holder), equals("fence", lease.fence))
        self._table.change({"kind": LEASE, "id": lease.name}, change, is_ours)


def next_fence(last: int | None, now: datetime) -> int:
    """Return a new holder's fence: one more than the last.

    The first is the second of the clock: should TTL, or a restored table, have removed the lease, fences still rise.
    """
    return int(now.timestamp()) if last is None else last + 1


def is_free(lease: Lease | None, now: datetime) -> bool:
    """Return whether anybody may take the lease. One that was given back has no holder."""
    return lease is None or not lease.holder or lease.until <= now


def _prolong(until: datetime) -> Change:
    return Change().set("until", instant(until)).set("expires_at", int((until + REMEMBERED).timestamp()))


def _is_still(seen: Lease | None) -> Condition:
    if seen is None:
        return missing("fence")
    return all_of(
        equals("fence", seen.fence), equals("holder", seen.holder or None), equals("until", instant(seen.until))
    )


def _lease(item: Item | None) -> Lease | None:
    if item is None:
        return None
    return Lease(item["id"], item.get("holder", ""), item["fence"], datetime.fromisoformat(item["until"]))
