"""The image store on DynamoDB: one item a row, one conditional update a step, and its indexes."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import structlog
from typing_extensions import override

from sightline.errors import SightlineError, Unavailable
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
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, any_of, between, equals, less, missing, one_of
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import BATCH_WRITE_LIMIT, DynamoTable, Outcome, Update
from sightline.storage.images import encoding
from sightline.storage.images.day_move import ROWS_OF_A_PAGE, DayMove
from sightline.storage.images.day_reads import DayReads, page_of_a_shard
from sightline.storage.images.keys import DEFAULT_SHARDS, ShardChoice, Shards, check_id, feed_partition, is_row
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.positions import BEFORE_ALL
from sightline.storage.images.protocol import WHOLE_DAY, DayPart
from sightline.storage.images.spread_days import SpreadDays, is_of_full_shard
from sightline.storage.images.steps import Applied, ImageSteps
from sightline.storage.images.table_layout import TableLayout
from sightline.storage.images.transitions import FieldPath, Transition, new_row

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

log = structlog.get_logger(__name__)

WRITING_THREADS = 8
"""Writes in flight: below the ten connections that a client keeps, unless told otherwise."""

MOST_OF_A_FEED = 2_000
"""Entries of a shard of the feed that are read at once by a reader who goes on and on."""

DUE_AT_ONCE = 250
"""Entries of a shard that are read at once: all shards are read side by side, and a turn may end at any time."""


class DynamoImageStore(ImageSteps):
    """Rows in the table `<prefix>images`. Threads may share one: the client is thread-safe."""

    def __init__(
        self,
        client: "DynamoDBClient",
        prefix: str,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(clock)
        self._table = DynamoTable(client, encoding.images_table(prefix))
        self._layout = TableLayout(self._table, clock)
        self._days = DayReads(self._table)
        self._spread = SpreadDays(self._table, self._layout, clock)

    @property
    @override
    def shards(self) -> Shards:
        return self._layout.get().shards

    @override
    def setup(self, choice: ShardChoice | None = None) -> None:
        """Create what is missing. If this process dies before it has written a new table's shards, it has four each."""
        is_new = self._table.ensure()
        self._layout.forget()
        if is_new:
            self._layout.choose((choice or ShardChoice()).over(DEFAULT_SHARDS))
        elif choice:
            self._layout.require(choice)

    @override
    def move_days(
        self, shards: int | None, tell: Callable[[int], None], rows_of_a_page: int = ROWS_OF_A_PAGE
    ) -> MovedDays:
        return DayMove(self._table, self._layout, self._clock, tell, rows_of_a_page).run(shards)

    @override
    def check(self) -> None:
        self._table.check()

    def _put_new(self, row: ImageRow) -> Applied:
        return _applied(self._table.put(encoding.encode_row(row, self._layout.get()), missing("image_id")))

    @override
    def add_many(self, image_ids: Iterable[str], lane: Lane) -> Iterator[tuple[str, bool]]:
        """Add many in each request, and several requests at a time. Ids are taken only as fast as they are written."""
        waiting = iter(image_ids)
        batches = iter(lambda: [*islice(waiting, BATCH_WRITE_LIMIT)], [])
        with ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="add-image") as pool:
            flying = deque(pool.submit(self._add_batch, each, lane) for each in islice(batches, WRITING_THREADS))
            while flying:
                done = flying.popleft().result()
                flying.extend(pool.submit(self._add_batch, each, lane) for each in islice(batches, 1))
                yield from done

    def _add_batch(self, image_ids: Sequence[str], lane: Lane) -> list[tuple[str, bool]]:
        """Add new images in one request, and each that is known by itself. An id that comes again is known."""
        if len(image_ids) == 1:
            return [(image_id, self.add(image_id, lane)) for image_id in image_ids]
        now, layout = self._clock(), self._layout.get()
        rows = {each: encoding.encode_row(new_row(check_id(each), lane, now), layout) for each in image_ids}
        outcomes = dict(zip(rows, self._table.insert_many(rows.values()), strict=True))
        for outcome in outcomes.values():
            if isinstance(outcome, SightlineError):
                raise outcome
        return [(each, outcomes.pop(each, False) is True or self.add(each, lane)) for each in image_ids]

    @override
    def get(self, image_id: str) -> ImageRow | None:
        item = self._table.get({"image_id": check_id(image_id)})
        return encoding.decode_row(item) if item else None

    @override
    def get_many(self, image_ids: Iterable[str]) -> dict[str, ImageRow]:
        distinct = dict.fromkeys(check_id(image_id) for image_id in image_ids)
        items = self._table.get_many({"image_id": image_id} for image_id in distinct)
        return {item["image_id"]: encoding.decode_row(item) for item in items}

    def _apply(self, image_id: str, transition: Transition) -> Applied:
        key, condition = {"image_id": check_id(image_id)}, self._condition(image_id, transition)
        try:
            outcome = self._table.update(key, self._change(image_id, transition), condition)
        except Unavailable as error:
            self._spread_if_full(transition, error)
            raise
        if not outcome.is_written:
            log.debug("A conditional update was refused", update=transition.name, image_id=image_id)
        return _applied(outcome)

    def _apply_many(self, transitions: Mapping[str, Transition]) -> dict[str, bool | SightlineError]:
        updates = [
            Update(
                {"image_id": check_id(image_id)},
                self._change(image_id, each, is_statement=True),
                self._condition(image_id, each),
            )
            for image_id, each in transitions.items()
        ]
        return dict(zip(transitions, self._update_many(updates), strict=True))

    def _update_many(self, updates: list[Update]) -> Iterable[bool | SightlineError]:
        """Send one request after the other from each of a few threads, if there is more than one to send."""
        if len(updates) <= BATCH_WRITE_LIMIT:
            return self._table.update_many(updates)
        batches = [updates[first : first + BATCH_WRITE_LIMIT] for first in range(0, len(updates), BATCH_WRITE_LIMIT)]
        with ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="update-images") as pool:
            return list(chain.from_iterable(pool.map(self._table.update_many, batches)))

    def _change(self, image_id: str, transition: Transition, *, is_statement: bool = False) -> Change:
        """Return what a transition writes.

        is_statement: it is sent as a statement, which cannot set what is missing alone. So the reconciler may move an
        entry that another process made since it saw the row; a reader of a spread day lists it once all the same
        """
        change, layout = Change(), self._layout.get()
        stays_in_shard = transition.stays_in_day and layout.days_begin_in_one and not is_statement
        if transition.listed and layout.days_begin_in_one:
            layout = self._spread.layout_to_list(
                str(transition.listed.camera_day), layout, is_new=transition.is_new_in_day
            )
        for path, value in transition.sets.items():
            for attribute, stored in encoding.encode_set(image_id, path, value, layout).items():
                is_kept = stays_in_shard and attribute == "day_shard"
                (change.set_if_missing if is_kept else change.set)(attribute, stored)
        return change

    def _spread_if_full(self, transition: Transition, error: Unavailable) -> None:
        """Have the day in which a row was to be listed spread if its shard takes no more: the step is tried again."""
        is_full = is_of_full_shard(error, encoding.BY_DAY_SHARDED.name)
        if transition.listed and is_full and self._layout.get().days_begin_in_one:
            self._spread.spread(str(transition.listed.camera_day))

    def _condition(self, image_id: str, transition: Transition) -> Condition:
        return all_of(
            *(
                _is_one_of(
                    path, [encoding.encode_required(image_id, path, value, self._layout.get()) for value in allowed]
                )
                for path, allowed in transition.requires.items()
            )
        )

    @override
    def due(self, shard: int, before: datetime, after: UnfinishedPlace | None = None) -> Iterator[Unfinished]:
        # DynamoDB refuses a start outside the key condition: the other machine's clock may have been ahead
        if after is None or after.next_check_at < before:
            start = encoding.encode_place(shard, after) if after else None
            yield from self._unfinished_of(shard, before, start, page=DUE_AT_ONCE)

    def _unfinished_of(
        self, shard: int, before: datetime | None, start: Mapping[str, str] | None = None, page: int | None = None
    ) -> Iterator[Unfinished]:
        due = (less("next_check_at", instant(before)),) if before else ()
        where = all_of(equals("unfinished_shard", str(shard)), *due)
        found = self._table.query(where, index=encoding.UNFINISHED.name, start=start, page=page)
        yield from map(encoding.decode_unfinished, found)

    @override
    def ended(self, state: State) -> Iterator[Item]:
        return self._table.query(equals("ended_as", state), index=encoding.ENDED_INDEX.name)

    @override
    def index_counts(self) -> tuple[int, int]:
        counts = self._table.index_counts()
        return counts[encoding.UNFINISHED.name], counts[encoding.ENDED_INDEX.name]

    @override
    def by_day(self, camera: str, capture_day: str, part: DayPart = WHOLE_DAY) -> Iterator[ImageSummary]:
        day = CameraDay(camera, capture_day)
        yield from self.by_days([day], part)[day]

    @override
    def by_days(
        self, days: Collection[CameraDay], part: DayPart = WHOLE_DAY
    ) -> Mapping[CameraDay, Iterator[ImageSummary]]:
        layout = self._layout.get_to_read()
        # Asked before any shard is read: what is listed in another than the first was listed after its day was spread
        spread = self._spread.among(map(str, days)) if layout.days_begin_in_one else set()
        layouts = {day: layout.of_spread_day() if str(day) in spread else layout for day in days}
        return {day: self._days.read(day.camera, day.day, part, of_day) for day, of_day in layouts.items()}

    @override
    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        after = max(after, BEFORE_ALL)
        if until <= after:
            return
        where = all_of(
            equals("feed_partition", feed_partition(write_day, shard)), between("feed_position", after, until)
        )
        share = page_of_a_shard(page, self.shards.feed)
        for item in self._table.query(where, index=encoding.FEED.name, page=share, widest=MOST_OF_A_FEED):
            if item["feed_position"] > after:  # a key condition has no "above one, up to the other"
                yield encoding.decode_feed_entry(item)

    @override
    def count(self) -> tuple[int, timedelta]:
        """Return DynamoDB's own count, up to six hours old."""
        items, age = self._table.count()
        return max(0, items - self._layout.items_that_are_no_rows()), age

    @override
    def scan(self, after: str | None = None) -> Iterator[ImageRow]:
        """Read every row, by the hash of its id. Days whose mark is missing in a restored table are marked again."""
        start, layout = {"image_id": after} if after else None, self._layout.get_to_read()
        for item in self._table.scan(start=start):
            if is_row(item["image_id"]):
                if layout.days_begin_in_one:
                    self._spread.mark_again(item.get("day_shard"))
                yield encoding.decode_row(item)


def _is_one_of(path: FieldPath, values: Sequence[Any]) -> Condition:
    """Hold if the attribute has one of these values; None: if it is not there."""
    there = tuple(value for value in values if value is not None)
    if not there:
        return missing(path)
    return any_of(missing(path), one_of(path, there)) if None in values else one_of(path, there)


def _applied(outcome: Outcome) -> Applied:
    return Applied(outcome.is_written, encoding.decode_row(outcome.item) if outcome.item else None)
