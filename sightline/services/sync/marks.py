"""Marking days dirty, no oftener than it serves."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sightline.models.images import CameraDay, FeedEntry, ImageRow
from sightline.services.sync.feed import safe_position
from sightline.storage.operations import Operations

ROOM = 50_000


class Marks:
    """Marks the days of changed rows for rollups and parity.

    Who looks at a mark sees what was written before it. So a day is marked again only for a row that was written later
    than its last mark here, or so little before that an index might not show it yet.
    """

    def __init__(self, operations: Operations, clock: Callable[[], datetime]) -> None:
        self._operations = operations
        self._clock = clock
        self._covered: dict[CameraDay, str] = {}

    def mark_entries(self, entries: Iterable[FeedEntry]) -> None:
        """Mark the days of entries of the feed."""
        self._mark((each.camera_day, each.position) for each in entries)

    def mark_rows(self, rows: Iterable[ImageRow]) -> None:
        """Mark the days of rows that ever were in the feed."""
        self._mark((row.capture.camera_day if row.capture else None, row.feed_position) for row in rows)

    def _mark(self, changed: Iterable[tuple[CameraDay | None, str | None]]) -> None:
        days = {day for day, position in changed if day and position and not self._is_marked(day, position)}
        if not days:
            return
        now = self._clock()
        self._operations.dirty_days.mark(days)
        if len(self._covered) + len(days) > ROOM:
            self._covered.clear()
        self._covered.update(dict.fromkeys(days, safe_position(now)))

    def _is_marked(self, day: CameraDay, position: str) -> bool:
        return position < self._covered.get(day, "")
