"""Leases in DynamoDB."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, equals, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.leases import is_free, next_fence
from sightline.storage.operations.protocol import Lease

LEASE = "lease"

REMEMBERED = timedelta(days=1)
"""How long after its end a lease is kept for its fence. TTL only tidies up; `until` decides."""


class DynamoLeases:
    """The leases of the table of operations."""

    _table: DynamoTable
    _clock: Callable[[], datetime]

    def acquire_lease(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """Take or renew the lease; None while another holds it."""
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

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back, unless another has it by now. Its row stays for the fence."""
        change = Change().set("until", instant(self._clock())).remove("holder")
        is_ours = all_of(equals("holder", lease.holder), equals("fence", lease.fence))
        self._table.update({"kind": LEASE, "id": lease.name}, change, is_ours)


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
