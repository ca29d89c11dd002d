"""Positions in the feed: ULIDs that only rise within a process, even where its clock steps back."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from ulid import ULID

RANDOM_BITS = 80

BEFORE_ALL = "0" * 26
AFTER_ALL = "7" + "Z" * 25
"""The smallest and the largest ULID."""


def position_at(at: datetime) -> str:
    """Return the smallest position of an instant: all written before it are below."""
    return str(ULID.from_int(int(at.timestamp() * 1000) << RANDOM_BITS))


def time_of(position: str) -> datetime:
    """Return when a position was handed out."""
    return datetime.fromtimestamp(ULID.from_str(position).timestamp, UTC)


class Positions:
    """Hands out positions. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last = 0

    def next(self) -> str:
        """Return a position above each one before it, with the clock's time where that has not stepped."""
        fresh = (int(self._clock().timestamp() * 1000) << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)
        with self._lock:
            # Within one millisecond, or behind the last one: the last one's successor
            is_later = fresh >> RANDOM_BITS > self._last >> RANDOM_BITS
            self._last = fresh if is_later else self._last + 1
            return str(ULID.from_int(self._last))
