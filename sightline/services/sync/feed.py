"""One shard of the feed, read forward in pages, over the days of writing."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from sightline.models.images import FeedEntry
from sightline.storage.images.keys import write_day_of
from sightline.storage.images.positions import position_at
from sightline.storage.images.protocol import ImageStore

OVERLAP = timedelta(minutes=10)
"""How late a row may enter the feed: clocks of two machines, retries of a write, and the index together."""

SETTLE = timedelta(seconds=5)
"""What is younger is left to the next run: most of it is in flight, and `merge_image` is faster."""

PAGE = 500


class ShardReader:
    """Gives the entries of one shard with after < position <= until. `cursor`: all up to there has been given."""

    def __init__(self, images: ImageStore, shard: int, after: str, until: str) -> None:
        self.shard = shard
        self.cursor = after
        self.is_done = False
        self._until = until
        self._entries = self._read(images, after)

    def _read(self, images: ImageStore, after: str) -> Iterator[FeedEntry]:
        for day in days_between(after, self._until):
            yield from images.feed(self.shard, day, after, self._until)

    def page(self) -> list[FeedEntry]:
        """Give the next entries; at most `PAGE`, and fewer at the end only."""
        page = list(islice(self._entries, PAGE))
        self.is_done = len(page) < PAGE
        self.cursor = max(self.cursor, self._until) if self.is_done else page[-1].position
        return page


def days_between(after: str, until: str) -> Iterator[str]:
    """Give the UTC days of writing from one position to another, both included."""
    day, last = date.fromisoformat(write_day_of(after)), date.fromisoformat(write_day_of(until))
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def safe_position(read_at: datetime) -> str:
    """Give the position that none may pass who read at that time: later rows may still enter the feed before it."""
    return position_at(read_at - OVERLAP)
