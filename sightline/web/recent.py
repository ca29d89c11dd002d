"""Values that are kept for a moment, so that a page with sixty pictures does not read its user sixty times."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
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
        self._making: dict[Key, Future[Value]] = {}
        self._lock = Lock()

    def of(self, key: Key, make: Callable[[], Value], keeps: Callable[[Value], bool] = lambda _: True) -> Value:
        """Return a value; make it if there is none or it is too old, and keep it if that is wished.

        Who asks while it is being made waits, and gets the same value or the same error. What is forgotten meanwhile
        is not kept: it may be made of what was read before. `make` must not ask for the same key.
        """
        with self._lock:
            if (found := self._fresh(key)) is not None:
                return found[1]
            mine: Future[Value] = Future()
            standing = self._making.setdefault(key, mine)
        return self._make(key, mine, make, keeps) if standing is mine else standing.result()

    def _make(self, key: Key, made: Future[Value], make: Callable[[], Value], keeps: Callable[[Value], bool]) -> Value:
        try:
            value = make()
            is_to_be_kept = keeps(value)
        except BaseException as error:
            with self._lock:
                self._end(key, made)
            made.set_exception(error)
            raise
        with self._lock:
            if self._end(key, made) and is_to_be_kept:
                self._keep(key, value)
        made.set_result(value)
        return value

    def _end(self, key: Key, made: Future[Value]) -> bool:
        """End the making of a value; return False if it was forgotten meanwhile."""
        if self._making.get(key) is not made:
            return False
        del self._making[key]
        return True

    def get(self, key: Key) -> Value | None:
        """Return a value unless it is too old."""
        with self._lock:
            found = self._fresh(key)
        return found[1] if found else None

    def _fresh(self, key: Key) -> tuple[datetime, Value] | None:
        found = self._kept.get(key)
        return found if found and self._clock() < found[0] + self._lasts else None

    def keep(self, key: Key, value: Value) -> Value:
        """Keep a value, and return it; the oldest goes if there are too many."""
        with self._lock:
            self._keep(key, value)
        return value

    def _keep(self, key: Key, value: Value) -> None:
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Forget one value."""
        with self._lock:
            self._kept.pop(key, None)
            self._making.pop(key, None)

    def drop(self, is_meant: Callable[[Value], bool]) -> None:
        """Forget the values that are meant, and all that are being made: of those it cannot be told."""
        with self._lock:
            for key in [key for key, (_, value) in self._kept.items() if is_meant(value)]:
                del self._kept[key]
            self._making.clear()
