"""Move the days of a table that an older version has made into the index in shards.

The index `by_day` has one partition for each camera's day. Its successor has other keys, and no index can change its
own. So a table goes from the one over both to the other: `old` → `both` → `sharded`, in the table's own item. While it
is `both`, rows get the keys of both indexes and every reader merges them; a walk over all rows gives the keys to those
that lack them. One run is one walk. A walk that found no row of an older version ends the move. The first one never
does: a process of an older version, which knows the old keys alone, may write rows behind it, as only another can tell.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from itertools import chain, islice

from sightline.errors import SightlineError
from sightline.models.images import State
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, equals
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import BATCH_WRITE_LIMIT, DynamoTable, Update
from sightline.storage.images.encoding import decode_capture, is_listed, listing
from sightline.storage.images.keys import DEFAULT_SHARDS, DayIndexes, Layout, Shards, is_row, number_of
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.table_layout import ASKED_AGAIN_AFTER, TableLayout

ROWS_OF_A_PAGE = 500
"""After so many rows the walk's place is kept."""

WRITERS = 8
"""Requests of 25 rows in flight."""

KNOWN_BY_ALL_AFTER = 2 * ASKED_AGAIN_AFTER
"""After this every process reads both indexes: each asks once a minute."""

_OLD_KEYS = ("camera_day", "day_position")
_READ = ("image_id", "state", "capture", *_OLD_KEYS, "day_shard", "day_place")
_WALK = ("walk_began", "walk_after", "walk_moved", "walk_older")


@dataclass(slots=True)
class Walk:
    """One walk over all rows, as the table's own item keeps it.

    after: the last row that is dealt with; moved: how many rows lacked the keys; older: how many of them an older
    version must have written
    """

    began: str
    after: str | None = None
    moved: int = 0
    older: int = 0


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
                lacking = [item for item in page if _lacks_keys(item, layout.shards)]
                updates = [_update(item, layout) for item in lacking]
                outcomes = chain.from_iterable(pool.map(self._table.update_many, _batches(updates)))
                walk.older += sum(map(_is_of_older_version, lacking, _without_errors(outcomes)))
                walk.after, walk.moved = page[-1]["image_id"], walk.moved + len(lacking)
                self._tell(walk.moved)
                self._keep(walk)
        return self._end(walk, known_since)

    def _kept_walk(self) -> tuple[Walk, datetime]:
        item = self._layout.item() or {}
        known_since = datetime.fromisoformat(item["both_since"]) + KNOWN_BY_ALL_AFTER
        if "walk_began" in item:
            kept = Walk(item["walk_began"], item["walk_after"], item["walk_moved"], item["walk_older"])
            return kept, known_since
        return Walk(instant(self._clock())), known_since

    def _pages(self, after: str | None) -> Iterator[list[Item]]:
        start = {"image_id": after} if after else None
        rows = (item for item in self._table.scan(_READ, start) if is_row(item["image_id"]))
        while page := list(islice(rows, self._page)):
            yield page

    def _keep(self, walk: Walk) -> None:
        self._layout.change(dict(zip(_WALK, astuple(walk), strict=True)), equals("day_index", DayIndexes.BOTH))

    def _end(self, walk: Walk, known_since: datetime) -> MovedDays:
        is_over = walk.older == 0 and datetime.fromisoformat(walk.began) >= known_since
        values: Item = dict.fromkeys(_WALK)
        if is_over:
            values |= {"day_index": DayIndexes.SHARDED, "both_since": None}
        self._layout.change(values, equals("day_index", DayIndexes.BOTH))
        return MovedDays(walk.moved, is_over)


def _lacks_keys(item: Item, shards: Shards) -> bool:
    return "capture" in item and not (is_listed(item, decode_capture(item["capture"])) and _is_read(item, shards))


def _is_read(item: Item, shards: Shards) -> bool:
    """Return whether a row stands in a shard that is read: an older version wrote to four before any were chosen."""
    return number_of(item["day_shard"]) < shards.day


def _is_of_older_version(item: Item, is_moved: bool) -> bool:  # noqa: FBT001 - beside its item
    """Return whether an older version must have written this row that lacked the keys, or what changed it meanwhile.

    Rows in analysis lack them in every version.
    """
    return item["state"] != State.ANALYSING or not is_moved


def _update(item: Item, layout: Layout) -> Update:
    """Return what gives a row the keys, unless its capture becomes another in the meantime."""
    change = Change().set_all(**listing(item["image_id"], decode_capture(item["capture"]), layout.day_shards))
    as_read = all_of(*(equals(name, item.get(name)) for name in _OLD_KEYS))
    return Update({"image_id": item["image_id"]}, change, as_read)


def _batches(updates: list[Update]) -> Iterator[list[Update]]:
    return (updates[first : first + BATCH_WRITE_LIMIT] for first in range(0, len(updates), BATCH_WRITE_LIMIT))


def _without_errors(outcomes: Iterable[bool | SightlineError]) -> Iterator[bool]:
    """Yield whether rows were changed. Raise the first error of one: its page is walked over again."""
    for outcome in outcomes:
        if isinstance(outcome, SightlineError):
            raise outcome
        yield outcome
