"""Values that are kept for a moment, so that a page with sixty pictures does not read its user sixty times."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

MOST_KEPT = 1_000

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `most` values, each for as long as `lasts`. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime], lasts: timedelta, most: int = MOST_KEPT) -> None:
        self._clock, self._lasts, self._most = clock, lasts, most
        self._kept: OrderedDict[Key, tuple[datetime, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """Return a value unless it is too old."""
        with self._lock:
            found = self._kept.get(key)
        return found[1] if found and self._clock() < found[0] + self._lasts else None

    def keep(self, key: Key, value: Value) -> Value:
        """Keep a value, and return it; the oldest goes if there are too many."""
        with self._lock:
            self._kept[key] = (self._clock(), value)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        """Forget one value."""
        with self._lock:
            self._kept.pop(key, None)

    def drop(self, is_meant: Callable[[Value], bool]) -> None:
        """Forget the values that are meant."""
        with self._lock:
            for key in [key for key, (_, value) in self._kept.items() if is_meant(value)]:
                del self._kept[key]
