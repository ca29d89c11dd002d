"""The control: the rule by which the loader worked that this sync replaces."""

from collections import defaultdict
from datetime import date, datetime


class OldLoader:
    """Keeps the highest capture time that it has loaded, and reads what is above it in that day.

    Where it finds nothing it goes on with today. A row that comes late, or shares the last second, is never read.
    """

    def __init__(self, begin: datetime) -> None:
        self._days: dict[date, list[tuple[datetime, str]]] = defaultdict(list)
        self._highest = begin
        self.loaded: set[str] = set()

    def write(self, image_id: str, taken_at: datetime) -> None:
        """Let the table have a row."""
        self._days[taken_at.date()].append((taken_at, image_id))

    def run(self, now: datetime) -> None:
        """Load what is new, by its rule."""
        found = self._above(self._highest.date()) or self._above(now.date())
        self.loaded.update(image_id for _, image_id in found)
        self._highest = max([self._highest, *(taken_at for taken_at, _ in found)])

    def _above(self, day: date) -> list[tuple[datetime, str]]:
        return [each for each in self._days[day] if each[0] > self._highest]
