"""The in-memory fake of the image store: for tests, and for trying things without a server."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import dropwhile, islice
from threading import Lock
from typing import Any

from typing_extensions import override

from sightline.errors import SightlineError
from sightline.models.images import (
    CameraDay,
    FeedEntry,
    ImageRow,
    ImageSummary,
    Lane,
    State,
    Unfinished,
    UnfinishedPlace,
)
from sightline.storage.images.keys import (
    DEFAULT_SHARDS,
    ShardChoice,
    Shards,
    check_id,
    day_position,
    shard_of,
    write_day_of,
)
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.protocol import WHOLE_DAY, DayPart
from sightline.storage.images.steps import Applied, ImageSteps
from sightline.storage.images.table_layout import other_shards
from sightline.storage.images.transitions import ENDED, FieldPath, Transition


class InMemoryImageStore(ImageSteps):
    """Rows in a dictionary. Its indexes are never late. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime], shards: Shards = DEFAULT_SHARDS) -> None:
        super().__init__(clock)
        self._shards = shards
        self._is_made = False
        self._rows: dict[str, ImageRow] = {}
        self._lock = Lock()

    @property
    @override
    def shards(self) -> Shards:
        return self._shards

    @override
    def setup(self, choice: ShardChoice | None = None) -> None:
        """Take the shards, once."""
        chosen = (choice or ShardChoice()).over(self._shards)
        if self._is_made and chosen != self._shards:
            raise other_shards(self._shards)
        self._shards, self._is_made = chosen, True

    @override
    def move_days(self, shards: int | None, tell: Callable[[int], None]) -> MovedDays:
        """Do nothing: it lists its days in one way."""
        return MovedDays(0, is_over=True)

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    def _put_new(self, row: ImageRow) -> Applied:
        with self._lock:
            standing = self._rows.setdefault(row.image_id, row)
        return Applied(standing is row, standing)

    @override
    def add_many(self, image_ids: Iterable[str], lane: Lane) -> Iterator[tuple[str, bool]]:
        """Add one after the other."""
        return ((image_id, self.add(image_id, lane)) for image_id in image_ids)

    @override
    def get(self, image_id: str) -> ImageRow | None:
        return self._rows.get(check_id(image_id))

    @override
    def get_many(self, image_ids: Iterable[str]) -> dict[str, ImageRow]:
        found = ((image_id, self.get(image_id)) for image_id in image_ids)
        return {image_id: row for image_id, row in found if row}

    def _apply(self, image_id: str, transition: Transition) -> Applied:
        with self._lock:
            row = self._rows.get(check_id(image_id))
            if row is None or not _holds(row, transition):
                return Applied(False, row)
            changes: dict[str, Any] = {}
            for path, value in transition.sets.items():
                changes[path[0]] = _changed(changes.get(path[0], getattr(row, path[0])), path, value)
            row = self._rows[image_id] = replace(row, **changes)
            return Applied(True, row)

    def _apply_many(self, transitions: Mapping[str, Transition]) -> dict[str, bool | SightlineError]:
        return {image_id: self._apply(image_id, each).is_done for image_id, each in transitions.items()}

    @override
    def due(self, shard: int, before: datetime, after: UnfinishedPlace | None = None) -> Iterator[Unfinished]:
        yield from (entry for entry in self._unfinished_of(shard, before) if after is None or entry.place > after)

    def _unfinished_of(self, shard: int, before: datetime | None) -> list[Unfinished]:
        entries = (
            Unfinished(row.image_id, row.state, row.version, row.next_check_at)
            for row in self.scan()
            if row.next_check_at and (before is None or row.next_check_at < before)
        )
        of_shard = (each for each in entries if shard_of(each.image_id, self.shards.unfinished) == shard)
        return sorted(of_shard, key=lambda entry: entry.place)

    @override
    def ended(self, state: State) -> Iterator[ImageRow]:
        return (row for row in self.scan() if row.state is state)

    @override
    def index_counts(self) -> tuple[int, int]:
        return sum(1 for _ in self.unfinished()), sum(row.state in ENDED for row in self.scan())

    @override
    def by_day(self, camera: str, capture_day: str, part: DayPart = WHOLE_DAY) -> Iterator[ImageSummary]:
        summaries = (summary for row in self.scan() if row.listed and (summary := row.summary()))
        entries = [each for each in summaries if (each.capture.camera, each.capture.day) == (camera, capture_day)]
        placed = sorted(
            ((day_position(entry.image_id, entry.capture), entry) for entry in entries), key=lambda pair: pair[0]
        )
        chosen = [_with_results(entry, part.features) for position, entry in placed if part.takes(position)]
        yield from reversed(chosen) if part.newest_first else chosen

    @override
    def by_days(
        self, days: Collection[CameraDay], part: DayPart = WHOLE_DAY
    ) -> Mapping[CameraDay, Iterator[ImageSummary]]:
        return {day: self.by_day(day.camera, day.day, part) for day in days}

    @override
    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        entries = [
            FeedEntry(row.image_id, row.version, row.feed_position, row.capture.camera_day if row.capture else None)
            for row in self.scan()
            if row.feed_position
            and after < row.feed_position <= until
            and write_day_of(row.feed_position) == write_day
            and shard_of(row.image_id, self.shards.feed) == shard
        ]
        yield from sorted(entries, key=lambda entry: entry.position)

    @override
    def count(self) -> tuple[int, timedelta]:
        """Count the rows, now."""
        return len(self._rows), timedelta(0)

    @override
    def scan(self, after: str | None = None) -> Iterator[ImageRow]:
        """Read every row there is at this moment, in the order of writing."""
        with self._lock:
            rows = list(self._rows.values())
        if after is None:
            yield from rows
            return
        passed = dropwhile(lambda row: row.image_id != after, rows)
        yield from islice(passed, 1, None)


def _with_results(entry: ImageSummary, features: tuple[str, ...] | None) -> ImageSummary:
    if features is None:
        return entry
    return replace(entry, parts={feature: entry.parts[feature] for feature in features if feature in entry.parts})


def _holds(row: ImageRow, transition: Transition) -> bool:
    return all(_value(row, path) in allowed for path, allowed in transition.requires.items())


def _value(row: ImageRow, path: FieldPath) -> Any:
    value = getattr(row, path[0])
    return value if len(path) == 1 else value.get(path[1])


def _changed(before: Any, path: FieldPath, value: Any) -> Any:
    if len(path) == 1:
        return value
    entries: Mapping[str, Any] = {**before, path[1]: value}
    return {key: each for key, each in entries.items() if each is not None}
