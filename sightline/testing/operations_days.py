"""Dirty marks in memory."""

from collections.abc import Iterable, Iterator
from threading import Lock
from uuid import uuid4

from sightline.models.images import CameraDay
from sightline.storage.operations.days import DirtyDay, Purpose


class InMemoryDays:
    """The marks of the twin, with the rules of the real ones."""

    def __init__(self) -> None:
        self._dirty: dict[tuple[Purpose, CameraDay], str] = {}
        self._known: set[CameraDay] = set()
        self._days_lock = Lock()

    def mark_days(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        """Mark days for each purpose, and list them as known."""
        distinct, mark = set(days), uuid4().hex
        with self._days_lock:
            self._known |= distinct
            self._dirty.update({(purpose, day): mark for purpose in purposes for day in distinct})

    def dirty_days(self, purpose: Purpose) -> Iterator[DirtyDay]:
        """Give the marks of one purpose, by camera and day."""
        with self._days_lock:
            marks = sorted((day, mark) for (of, day), mark in self._dirty.items() if of == purpose)
        yield from (DirtyDay(purpose, day, mark) for day, mark in marks)

    def clean_day(self, dirty: DirtyDay) -> bool:
        """Remove a mark, unless the day was marked again; say whether it is gone."""
        key = (dirty.purpose, dirty.camera_day)
        with self._days_lock:
            is_same = self._dirty.get(key) == dirty.mark
            if is_same:
                del self._dirty[key]
            return is_same

    def known_days(self) -> Iterator[CameraDay]:
        """Give every day that was ever marked."""
        with self._days_lock:
            days = sorted(self._known)
        yield from days
