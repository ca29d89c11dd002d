"""Make the graph show what the rows say, however late, often or out of order the steps ran.

The sync reads the feed, which holds rows in the order of writing and not of capture, from the position that the graph
itself keeps. A row may enter the feed slightly behind others: its writer's clock is slow, its write was retried, the
index lags. So the position never passes `OVERLAP` before now, and each run reads that stretch again; for an image that
the graph shows already, this reads only its key.

A run may be cut, or its process may die, between any two steps: the position moves in the transaction of its data, so
the next run continues from what the graph shows. It always reads from the position to now, never "the last hour".
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import structlog

from sightline.errors import ImageMissing, SightlineError, Unavailable
from sightline.graph.protocol import FullLoad, GraphStore, Merged, SyncMove, SyncState
from sightline.models.answers import Json
from sightline.models.images import CameraDay, FeedEntry, ImageRow, State
from sightline.queues.steps import merge_step
from sightline.services.collaborators import Services
from sightline.services.dead_letters import write_dead_letter
from sightline.services.graph_merge import graph_image
from sightline.services.leased_runs import LeasedRun
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.images.keys import write_day_of
from sightline.storage.images.positions import position_at
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

log = structlog.get_logger()

NAME = "sync_graph"

KEY = "sightline/checkpoints/sync.json"
"""The published copy of the position."""

OVERLAP = timedelta(minutes=10)
"""How late a row may enter the feed: clock skew, retries of a write and the lag of the index together."""

SETTLE = timedelta(seconds=5)
"""Younger entries are left to the next run: most of them are in flight, and `merge_image` is faster."""

PAGE = 500

MARKING_THREADS = 8
ROWS_PER_THREAD = 20

DAYS_REMEMBERED = 50_000
"""How many days' last marks are kept in memory."""


class ShardReader:
    """Reads the entries of one shard with after < position <= until. `cursor`: every entry up to it has been read."""

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
        """Return the next entries: `PAGE` of them, or fewer at the end."""
        page = list(islice(self._entries, PAGE))
        self.is_done = len(page) < PAGE
        self.cursor = max(self.cursor, self._until) if self.is_done else page[-1].position
        return page


def days_between(after: str, until: str) -> Iterator[str]:
    """Yield the UTC days of writing from one position to another, both included."""
    day, last = date.fromisoformat(write_day_of(after)), date.fromisoformat(write_day_of(until))
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def safe_position(read_at: datetime) -> str:
    """Return the position that a read at this time must not pass: rows may still enter the feed after it."""
    return position_at(read_at - OVERLAP)


class Marks:
    """Marks the days of changed rows dirty for rollups and parity, without marking one day again for every row.

    A reader that finds a mark also sees the rows written before it. So a day is marked again only for a row written
    after the day's last mark here, or so shortly before it that an index might not show the row yet.
    """

    def __init__(self, operations: Operations, clock: Callable[[], datetime]) -> None:
        self._operations = operations
        self._clock = clock
        self._covered: dict[CameraDay, str] = {}

    def mark_entries(self, entries: Iterable[FeedEntry]) -> None:
        """Mark the days of feed entries."""
        self._mark((each.camera_day, each.position) for each in entries)

    def mark_rows(self, rows: Iterable[ImageRow]) -> None:
        """Mark the days of rows that have ever been in the feed."""
        self._mark((row.capture.camera_day if row.capture else None, row.feed_position) for row in rows)

    def _mark(self, changed: Iterable[tuple[CameraDay | None, str | None]]) -> None:
        days = {day for day, position in changed if day and position and not self._is_marked(day, position)}
        if not days:
            return
        now = self._clock()
        self._operations.dirty_days.mark(days)
        if len(self._covered) + len(days) > DAYS_REMEMBERED:
            self._covered.clear()
        self._covered.update(dict.fromkeys(days, safe_position(now)))

    def _is_marked(self, day: CameraDay, position: str) -> bool:
        return position < self._covered.get(day, "")


class Updater:
    """Shows rows in the graph, and counts: `read`, `merged`, `in_flight`, `refused`."""

    def __init__(
        self, images: ImageStore, graph: GraphStore, operations: Operations, clock: Callable[[], datetime]
    ) -> None:
        self.counts: Counter[str] = Counter(read=0, merged=0, in_flight=0, refused=0)
        self._images = images
        self._graph = graph
        self._operations = operations
        self._clock = clock
        self._marks = Marks(operations, clock)

    def show_entries(self, entries: Sequence[FeedEntry], move: SyncMove | None) -> None:
        """Show the rows that the feed names. Only rows that the graph is behind on are read."""
        shown = self._graph.versions([each.image_id for each in entries]) if entries else {}
        behind = [each.image_id for each in entries if shown.get(each.image_id, 0) < each.version]
        rows = self._images.get_many(behind)
        self.counts["read"] += len(entries)
        self._marks.mark_entries(entries)
        self._show([*rows.values()], shown, move)

    def show_rows(self, rows: Sequence[ImageRow], move: SyncMove) -> None:
        """Show rows that have been read already."""
        self.counts["read"] += len(rows)
        self._show(rows, self._graph.versions([row.image_id for row in rows]), move)

    def _show(self, rows: Sequence[ImageRow], shown: Mapping[str, int], move: SyncMove | None) -> None:
        due = [row for row in rows if is_due(row, shown.get(row.image_id))]
        self.counts["in_flight"] += sum(row.state in {State.RECEIVED, State.ANALYSING} for row in rows)
        # Mark before the position moves, and mark all rows: a row's capture may have changed since the feed named it.
        self._marks.mark_rows(rows)
        if not due and move is None:
            return
        outcomes = self._graph.merge([graph_image(row) for row in due], move)
        self._note([(row, each) for row, each in zip(due, outcomes, strict=True)])

    def _note(self, outcomes: Iterable[tuple[ImageRow, Merged | Exception]]) -> None:
        """Store in the rows what the graph shows. If this process dies first, the reconciler does it."""
        merged = []
        for row, outcome in outcomes:
            if isinstance(outcome, Merged):
                merged.append(row)
            else:
                self._refuse(row, outcome)
        self.counts["merged"] += len(merged)
        unnoted = [row for row in merged if row.merged_version < row.version]
        threads = min(MARKING_THREADS, 1 + len(unnoted) // ROWS_PER_THREAD)
        with ThreadPoolExecutor(threads, thread_name_prefix="mark-merged") as pool:
            list(pool.map(lambda row: self._images.mark_merged(row.image_id, row.version), unnoted))

    def _refuse(self, row: ImageRow, error: Exception) -> None:
        """Write a dead letter for a row that the graph refuses: one bad image must not hold up the others."""
        if not isinstance(error, SightlineError):
            raise error
        self.counts["refused"] += 1
        step = merge_step(row.image_id, row.lane)
        write_dead_letter(
            error,
            step=step.task,
            message={"args": [*step.args]},
            image_id=row.image_id,
            operations=self._operations,
            clock=self._clock,
        )


def is_due(row: ImageRow, shown: int | None) -> bool:
    """Return whether the graph, which shows this version or none, is behind a row that can be shown.

    An image in analysis enters the feed again when that is done. A rejected or deleted image is shown as such only if
    the graph has shown it before. A stuck one stays as it was shown last.
    """
    if row.capture is None or (shown or 0) >= row.version:
        return False
    if row.state is State.GONE:
        return shown is not None or row.is_merge_due
    if row.state is State.REJECTED:
        return shown is not None or row.merged_version > 0
    return row.state in {State.ANALYSED, State.COMPLETE} or row.is_stuck_as_shown


@dataclass(frozen=True, slots=True)
class CopySeen:
    """The state of the copy. etag: None if there is no copy."""

    etag: str | None


class PublishedCopy:
    """A copy of the sync's position, in the checkpoint bucket: people read it, or delete it to load everything again.

    The graph's own position is the truth; no position is read from the copy. The sync does not need S3: if S3 is
    unavailable it continues, and a later run publishes.
    """

    def __init__(self, buckets: Buckets, bucket: str, clock: Callable[[], datetime]) -> None:
        self._buckets = buckets
        self._clock = clock
        self._uri = ObjectUri(bucket, KEY)

    def look(self) -> CopySeen | None:
        """Return the state of the copy; None if S3 is unavailable, so that it is unknown."""
        try:
            return CopySeen(self._buckets.head(self._uri).etag)
        except ImageMissing:
            return CopySeen(None)
        except Unavailable as error:
            log.warning("The published copy cannot be read; the sync continues without it", error=str(error))
            return None

    def write(self, state: SyncState, fence: int, seen: CopySeen) -> bool:
        """Replace the copy that was seen; return False if it has changed since, or S3 is unavailable."""
        etag = seen.etag
        positions = {str(shard): position for shard, position in sorted(state.positions.items())}
        copy = {"positions": positions, "fence": fence, "at": self._clock().isoformat()}
        try:
            put = self._buckets.put(self._uri, json.dumps(copy).encode(), if_match=etag, if_none_match=etag is None)
        except Unavailable as error:
            log.warning("The published copy cannot be written; a later run will write it", error=str(error))
            return False
        if put is None:
            log.warning("The published copy was changed by another process; it is left alone", uri=str(self._uri))
        return put is not None


@dataclass(frozen=True, slots=True)
class Wish:
    """An operator's request. full: load every row again; since: read the feed again from this UTC day of writing."""

    full: bool = False
    since: date | None = None


NOTHING_SPECIAL = Wish()


def ignore(_: int) -> None:
    """Show no progress."""


class Sync:
    """One run. watch: called after each page with the number of rows read."""

    def __init__(
        self,
        images: ImageStore,
        graph: GraphStore,
        updater: Updater,
        copy: PublishedCopy,
        clock: Callable[[], datetime],
        watch: Callable[[int], None] = ignore,
    ) -> None:
        self._images = images
        self._graph = graph
        self._updater = updater
        self._copy = copy
        self._clock = clock
        self._watch = watch
        self._state = SyncState()
        self._fence = 0

    def run(self, fence: int, goes_on: Callable[[], bool], wish: Wish = NOTHING_SPECIAL) -> Mapping[str, Json]:
        """Sync while `goes_on` returns true; return the counts. `is_complete`: everything was read."""
        self._fence, self._state = fence, self._graph.sync_state()
        copy = self._copy.look()
        if self._must_load(wish, copy):
            load = FullLoad(safe_position(self._clock()))
            self._move(SyncState(load=load))
        is_complete = self._load(goes_on) and self._read_feed(goes_on, wish.since)
        if self._state.load is None and copy:
            self._publish(copy)
        return {**self._updater.counts, "is_complete": is_complete}

    def _must_load(self, wish: Wish, copy: CopySeen | None) -> bool:
        """Return whether to load every row: on request, in a graph without a position, or if the copy is deleted.

        A graph that knows fewer shards than the table has was filled from another table.
        """
        shards = set(range(self._images.shards.feed))
        has_begun = shards <= self._state.positions.keys() or self._state.load is not None
        return wish.full or not has_begun or (self._state.is_published and copy == CopySeen(None))

    def _move(self, state: SyncState) -> None:
        self._graph.merge([], SyncMove(self._fence, state))
        self._state = state

    def _load(self, goes_on: Callable[[], bool]) -> bool:
        """Continue the full load, if there is one; return whether none is left."""
        load = self._state.load
        rows = self._images.scan(load.after) if load else iter(())
        while load := self._state.load:
            if not goes_on():
                return False
            page = list(islice(rows, PAGE))
            is_last = len(page) < PAGE
            state = self._loaded(load) if is_last else SyncState(load=replace(load, after=page[-1].image_id))
            self._updater.show_rows(page, SyncMove(self._fence, state))
            self._state = state
            self._watch(len(page))
        return True

    def _loaded(self, load: FullLoad) -> SyncState:
        return SyncState(dict.fromkeys(range(self._images.shards.feed), load.feed_from))

    def _read_feed(self, goes_on: Callable[[], bool], since: date | None) -> bool:
        """Read every shard up to now, the one farthest behind first; return whether all were read."""
        now = self._clock()
        until, safe = position_at(now - SETTLE), safe_position(now)
        shards = [ShardReader(self._images, shard, self._begin(shard, since), until) for shard in self._state.positions]
        while waiting := [each for each in shards if not each.is_done]:
            if not goes_on():
                return False
            reader = min(waiting, key=lambda each: each.cursor)
            page = reader.page()
            state = self._advanced(reader.shard, min(reader.cursor, safe))
            self._updater.show_entries(page, SyncMove(self._fence, state) if state != self._state else None)
            self._state = state
            self._watch(len(page))
        return True

    def _begin(self, shard: int, since: date | None) -> str:
        position = self._state.positions[shard]
        return min(position, position_at(datetime.combine(since, time(), UTC))) if since else position

    def _advanced(self, shard: int, position: str) -> SyncState:
        """Return the state with one shard's position moved; it never moves back."""
        positions = {**self._state.positions, shard: max(position, self._state.positions[shard])}
        return replace(self._state, positions=positions)

    def _publish(self, copy: CopySeen) -> None:
        if self._copy.write(self._state, self._fence, copy) and not self._state.is_published:
            self._move(replace(self._state, is_published=True))


def sync_with(services: Services, watch: Callable[[int], None] = ignore) -> Sync:
    """Return a run over these services."""
    images, graph, clock = services.images, services.graph, services.clock
    updater = Updater(images, graph, services.operations, clock)
    copy = PublishedCopy(services.buckets, services.checkpoint_bucket, clock)
    return Sync(images, graph, updater, copy, clock, watch)


def run_sync(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Run for as long as the lease and the time last."""
    return sync_with(services).run(run.lease.fence, run.goes_on)
