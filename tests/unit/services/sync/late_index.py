"""A store of images whose index lags, and writers whose clocks differ."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from typing_extensions import override

from sightline.models.images import FeedEntry
from sightline.storage.images.keys import shard_of, write_day_of
from sightline.storage.images.steps import Applied
from sightline.storage.images.transitions import Transition
from sightline.testing.images import InMemoryImageStore

LONGEST_LAG = timedelta(seconds=10)


class LateIndex(InMemoryImageStore):
    """Rows at once, their feed up to 10 s later. `writer` gives one that shares the rows and has another clock."""

    def __init__(self, clock: Callable[[], datetime], true_clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(clock)
        self._true_clock = true_clock or clock
        self._chance = Random(6)  # noqa: S311 - lags, drawn alike in each run
        self._index: dict[tuple[int, str], list[tuple[datetime, FeedEntry]]] = defaultdict(list)

    def writer(self, behind: timedelta) -> "LateIndex":
        """Return a writer whose clock is slow."""
        other = LateIndex(lambda: self._true_clock() - behind, self._true_clock)
        other._rows, other._lock, other._index, other._chance = self._rows, self._lock, self._index, self._chance
        return other

    def _apply(self, image_id: str, transition: Transition) -> Applied:
        applied = super()._apply(image_id, transition)
        row = applied.row
        if applied.is_done and row and ("feed_position",) in transition.sets and row.feed_position:
            entry = FeedEntry(image_id, row.version, row.feed_position, row.capture.camera_day if row.capture else None)
            lag = self._chance.uniform(0, LONGEST_LAG.total_seconds())
            place = (shard_of(image_id, self.shards.feed), write_day_of(entry.position))
            self._index[place].append((self._true_clock() + timedelta(seconds=lag), entry))
        return applied

    @override
    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        now = self._true_clock()
        entries = [
            entry
            for visible_at, entry in self._index[shard, write_day]
            if visible_at <= now
            and after < entry.position <= until
            and self._rows[entry.image_id].feed_position == entry.position
        ]
        yield from sorted(entries, key=lambda entry: entry.position)
