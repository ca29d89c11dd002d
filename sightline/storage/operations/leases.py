"""The rules of a lease, which every store of operations shares."""

from datetime import datetime

from sightline.storage.operations.protocol import Lease


def next_fence(last: int | None, now: datetime) -> int:
    """Give a new holder's fence: one more than the last.

    The first is the second of the clock: should TTL, or a restored table, have removed the lease, fences still rise.
    """
    return int(now.timestamp()) if last is None else last + 1


def is_free(lease: Lease | None, now: datetime) -> bool:
    """Say whether anybody may take the lease. One that was given back has no holder."""
    return lease is None or not lease.holder or lease.until <= now
