"""Read one camera's day in order out of the shards that it is spread over."""

import heapq
import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from sightline.models.images import ImageSummary
from sightline.storage.dynamodb.conditions import Condition, Path, all_of, between, equals, greater, less
from sightline.storage.dynamodb.items import AttributeValues
from sightline.storage.dynamodb.schema import Index
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.day_entries import BESIDE_RESULTS, NO_RESULTS, read_summary
from sightline.storage.images.encoding import BY_DAY, BY_DAY_SHARDED, stands_as_taken
from sightline.storage.images.keys import DayIndexes, Layout, camera_day, part_of_day
from sightline.storage.images.protocol import DayPart
from sightline.storage.side_by_side import read_first

READERS = 16
"""Threads that read the beginnings of shards: of four days that are spread over the usual four."""

WIDEST = 100
"""Entries of a shard that are read at once if a reader who began with a few goes on and on."""

Entries = Iterator[tuple[str, ImageSummary]]
"""Entries with their places in the day."""


class DayReads:
    """Reads days of one table. Threads may share one."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._lock = Lock()
        self._readers: ThreadPoolExecutor | None = None

    def read(self, camera: str, capture_day: str, part: DayPart, layout: Layout) -> Iterator[ImageSummary]:
        """Yield what both indexes, or the one that the table has, list of a day. Shards are begun side by side.

        layout: for a day that is spread, `layout.of_spread_day()`
        """
        if part.after is not None and part.before is not None and part.before <= part.after:
            return
        day, shards = camera_day(camera, capture_day), range(layout.day_shards)
        sources = [] if layout.days is DayIndexes.SHARDED else [self._query(BY_DAY, day, part, part.page)]
        if layout.days is not DayIndexes.OLD:
            page = page_of_a_shard(part.page, len(shards))
            sources += [self._query(BY_DAY_SHARDED, part_of_day(day, shard), part, page) for shard in shards]
        merged = heapq.merge(*self._begin(sources), key=_place, reverse=part.newest_first)
        found = (image for _, image in merged)
        yield from _each_once(found) if len(sources) > 1 else found

    def _query(self, index: Index, partition: str, part: DayPart, page: int | None) -> Entries:
        place = str(index.key.sort)
        where = all_of(equals(index.key.partition, partition), *_bounds(place, part))
        found = self._table.query_values(
            where,
            index=index.name,
            attributes=_attributes(index, part.features),
            newest_first=part.newest_first,
            page=page,
            widest=WIDEST,
        )
        for values in found:
            position = values[place]["S"]
            if part.takes(position):
                if part.features is not None:  # DynamoDB leaves out a map of which nothing is left
                    values.setdefault("parts", NO_RESULTS)
                image = read_summary(values)
                if index is BY_DAY or _stands(values, position, image):
                    yield position, image

    def _begin(self, sources: list[Entries]) -> Iterable[Entries]:
        """Read the first page of each at once: the merge needs all of them before its first entry."""
        return sources if len(sources) == 1 else self._pool().map(read_first, sources)

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._readers is None:
                self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="read-day")
            return self._readers


def page_of_a_shard(page: int | None, shards: int) -> int | None:
    """Return how many entries of a shard are read at once for a page of all: its share, and two deviations more."""
    if page is None or page == 1:
        return page
    share = page / shards
    return min(page, math.ceil(share + 2 * math.sqrt(share)))


def _attributes(index: Index, features: tuple[str, ...] | None) -> tuple[Path, ...]:
    """Return what is read of an entry; nothing, which means everything, for the results of all features."""
    if features is None:
        return ()
    return (*index.key.attributes, *BESIDE_RESULTS, *(("parts", feature) for feature in features))


def _bounds(place: str, part: DayPart) -> list[Condition]:
    """Return the key condition of a part: it has one bound, or BETWEEN, which takes its ends in."""
    if part.after is not None and part.before is not None:
        return [between(place, part.after, part.before)]
    if part.after is not None:
        return [greater(place, part.after)]
    return [less(place, part.before)] if part.before is not None else []


def _stands(values: AttributeValues, position: str, image: ImageSummary) -> bool:
    return stands_as_taken(values["day_shard"]["S"], position, image.image_id, image.capture)


def _place(entry: tuple[str, ImageSummary]) -> str:
    return entry[0]


def _each_once(images: Iterable[ImageSummary]) -> Iterator[ImageSummary]:
    """Leave out what the other index has listed already, even at another place: the two are late by themselves.

    An entry that goes from one shard to another may be in both for a moment.
    """
    seen = set[str]()
    for image in images:
        if image.image_id not in seen:
            seen.add(image.image_id)
            yield image
