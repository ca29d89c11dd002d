"""Move the days of a table that an older version has made into the index in shards.

The index `by_day` has one partition for each camera's day. Its successor has other keys, and no index can change its
own. So a table goes from the one over both to the other: `old` → `both` → `sharded`, in the table's own item. While it
is `both`, rows get the keys of both indexes and every reader merges them; a walk over all rows gives the keys to those
that lack them. One run is one walk. A walk that found nothing to do ends the move. The first one never does: a process
of an older version, which knows the old keys alone, may write rows behind it, and only another walk can tell.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sightline.errors import SightlineError
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, equals
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import BATCH_WRITE_LIMIT, DynamoTable, Update
from sightline.storage.images.encoding import decode_capture, is_listed, listing
from sightline.storage.images.keys import DEFAULT_SHARDS, DayIndexes, Layout
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.table_layout import ASKED_AGAIN_AFTER, ITEM_ID, TableLayout

ROWS_OF_A_PAGE = 500
"""After so many rows the walk's place is kept."""

WRITERS = 8
"""Requests of 25 rows in flight."""

KNOWN_BY_ALL_AFTER = 2 * ASKED_AGAIN_AFTER
"""After this every process reads both indexes: each asks once a minute."""

_READ = ("image_id", "version", "capture", "day_position", "day_shard", "day_place")
_WALK = ("walk_began", "walk_after", "walk_moved")


@dataclass(slots=True)
class Walk:
    """One walk over all rows, as the table's own item keeps it.

    after: the last row that is dealt with; moved: how many rows lacked the keys
    """

    began: str
    after: str | None = None
    moved: int = 0


class DayMove:
    """One run over a table. tell: called after each page with the number of rows moved so far."""

    def __init__(
        self,
        table: DynamoTable,
        layout: TableLayout,
        clock: Callable[[], datetime],
        tell: Callable[[int], None],
        page: int = ROWS_OF_A_PAGE,
    ) -> None:
        self._table = table
        self._layout = layout
        self._clock = clock
        self._tell = tell
        self._page = page

    def run(self, shards: int | None) -> MovedDays:
        """Walk over the rows, from where a walk was cut if one was; end the move if nothing was left to do.

        shards: of each camera's day, chosen when the move begins; None: the usual number
        """
        layout = self._layout.get()
        if not layout.keeps_old_days:
            return MovedDays(0, is_over=True)
        if layout.days is DayIndexes.OLD:
            chosen = replace(layout.shards, day=DEFAULT_SHARDS.day if shards is None else shards)
            self._layout.begin_both(chosen, instant(self._clock()))
            layout = self._layout.get()
        walk, known_since = self._kept_walk()
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="move-days") as pool:
            for page in self._pages(walk.after):
                lacking = [update for update in (_update(item, layout) for item in page) if update]
                _raise_first(pool.map(self._table.update_many, _batches(lacking)))
                walk.after, walk.moved = page[-1]["image_id"], walk.moved + len(lacking)
                self._tell(walk.moved)
                self._keep(walk)
        return self._end(walk, known_since)

    def _kept_walk(self) -> tuple[Walk, datetime]:
        item = self._layout.item() or {}
        known_since = datetime.fromisoformat(item["both_since"]) + KNOWN_BY_ALL_AFTER
        if "walk_began" in item:
            return Walk(item["walk_began"], item.get("walk_after"), item["walk_moved"]), known_since
        return Walk(instant(self._clock())), known_since

    def _pages(self, after: str | None) -> Iterator[list[Item]]:
        start = {"image_id": after} if after else None
        rows = (item for item in self._table.scan(_READ, start) if item["image_id"] != ITEM_ID)
        while page := list(islice(rows, self._page)):
            yield page

    def _keep(self, walk: Walk) -> None:
        values = {"walk_began": walk.began, "walk_after": walk.after, "walk_moved": walk.moved}
        self._layout.change(values, equals("day_index", DayIndexes.BOTH))

    def _end(self, walk: Walk, known_since: datetime) -> MovedDays:
        is_over = walk.moved == 0 and datetime.fromisoformat(walk.began) >= known_since
        values: Item = dict.fromkeys(_WALK)
        if is_over:
            values |= {"day_index": DayIndexes.SHARDED, "both_since": None}
        self._layout.change(values, equals("day_index", DayIndexes.BOTH))
        return MovedDays(walk.moved, is_over)


def _update(item: Item, layout: Layout) -> Update | None:
    """Return what gives a row the keys; None if it has them, or its image was never read.

    A row that changes meanwhile is left alone: its writer gives it the keys, or else the next walk does.
    """
    if "capture" not in item or is_listed(item, capture := decode_capture(item["capture"])):
        return None
    change = Change().set_all(**listing(item["image_id"], capture, layout.shards))
    return Update({"image_id": item["image_id"]}, change, all_of(equals("version", item["version"])))


def _batches(updates: list[Update]) -> Iterator[list[Update]]:
    return (updates[first : first + BATCH_WRITE_LIMIT] for first in range(0, len(updates), BATCH_WRITE_LIMIT))


def _raise_first(outcomes: Iterable[list[bool | SightlineError]]) -> None:
    """Raise the first error of a row: its page is walked over again."""
    for each in outcomes:
        for outcome in each:
            if isinstance(outcome, SightlineError):
                raise outcome
