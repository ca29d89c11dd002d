"""How a table's rows are indexed: its shards, chosen when it is made and never changed, and its indexes by day.

The item that keeps this goes wherever the table's rows go: into a backup and out of it. A table without one is of a
version that knew only four shards each, and one index by day.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sightline.errors import ConfigurationError
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, exists, missing
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.keys import FEWEST_SHARDS, NO_ROW, DayIndexes, Layout, ShardChoice, Shards, layout_of_new

ITEM_ID = f"{NO_ROW}table"

SPREAD_DAYS = "spread_days"
"""Of the item: how many days are spread."""

OLD_TABLE = Layout(FEWEST_SHARDS, DayIndexes.OLD)
"""Its rows have keys of the index by day in shards from the first writer of this version on: should the table be so new
that `sightline setup` has not written the item yet, they are found nevertheless."""

ASKED_AGAIN_AFTER = timedelta(minutes=1)
"""`sightline setup` may be about to write the item of a new table, or to end the move of an old one's days."""


class TableLayout:
    """The layout of one table. Once it is final it is not read again; threads may share one."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock
        self._known: Layout | None = None
        self._asked_at: datetime | None = None

    def get(self) -> Layout:
        """Return the table's layout, at most a minute old, to a process that may write rows."""
        return self._get(self.item)

    def get_to_read(self) -> Layout:
        """Return the same to a process that may read rows: reviewers may not write them."""
        return self._get(lambda: self._table.get({"image_id": ITEM_ID}))

    def _get(self, read: Callable[[], Item | None]) -> Layout:
        known = self._known
        if known is None or (known.keeps_old_days and self._is_to_be_asked()):
            item = read()
            known = _decode(item) if item else OLD_TABLE
            self._known, self._asked_at = known, self._clock()
        return known

    def items_that_are_no_rows(self) -> int:
        """Return how many the table has: its own, and one for each day that is spread."""
        item = self.item()
        return 1 + item.get(SPREAD_DAYS, 0) if item else 0

    def count_spread_day(self) -> None:
        """Count a day that was just spread. A process that is killed before leaves the table's count one too high."""
        self._table.change({"image_id": ITEM_ID}, Change().add(SPREAD_DAYS, 1), exists("image_id"))

    def _is_to_be_asked(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= ASKED_AGAIN_AFTER

    def item(self) -> Item | None:
        """Read the table's own item."""
        # A refused write returns the item: producers may write rows, but not read them
        never = all_of(exists("image_id"), missing("image_id"))
        return self._table.update({"image_id": ITEM_ID}, Change().set("checked", True), never).item

    def forget(self) -> None:
        """Read the layout again when it is next asked for."""
        self._known = None

    def choose(self, shards: Shards) -> None:
        """Write the layout of a table that was just made."""
        self._table.put(encode_layout(layout_of_new(shards)), missing("image_id"))

    def require(self, choice: ShardChoice) -> None:
        """Raise ConfigurationError if the table has other shards. Those of its days can be chosen while it has none."""
        standing = self.get()
        of_days = choice.day if standing.days is DayIndexes.OLD else None
        expected = standing.shards if of_days is None else ShardChoice(day=of_days).over(standing.shards)
        if choice.over(expected) != expected:
            raise other_shards(standing.shards)

    def begin_both(self, shards: Shards, began: str) -> None:
        """Have every process fill and read both indexes by day, unless they do already."""
        old = missing("day_index")
        values = encode_layout(Layout(shards, DayIndexes.BOTH)) | {"both_since": began}
        self.change(values, old)

    def change(self, values: Mapping[str, Any], only_if: Condition) -> bool:
        """Set, or with None remove, attributes of the table's own item if the condition holds; forget what it said."""
        change = Change().set_all(**{name: value for name, value in values.items() if name != "image_id"})
        self.forget()
        return self._table.change({"image_id": ITEM_ID}, change, only_if)


def encode_layout(layout: Layout) -> Item:
    """Return the table's own item.

    Where days begin in one shard, older versions are told that they have no other: they write to the one that everybody
    reads.
    """
    shards = layout.shards
    numbers = {"feed_shards": shards.feed, "unfinished_shards": shards.unfinished, "day_shards": layout.day_shards}
    of_spread_days = {"spread_day_shards": shards.day} if layout.days_begin_in_one else {}
    return {"image_id": ITEM_ID, **numbers, **of_spread_days, "day_index": layout.days}


def _decode(item: Item) -> Layout:
    # A table made while the shards of days were not known has the other two
    day, of_spread_day = item.get("day_shards", OLD_TABLE.shards.day), item.get("spread_day_shards")
    days = DayIndexes(item.get("day_index", DayIndexes.OLD))
    shards = Shards(item["feed_shards"], item["unfinished_shards"], day if of_spread_day is None else of_spread_day)
    return Layout(shards, days, days_begin_in_one=of_spread_day is not None)


def other_shards(standing: Shards) -> ConfigurationError:
    """Return the error for a table that was made with other numbers of shards."""
    return ConfigurationError(
        "the table of images",
        rule=f"shards cannot change: it has {standing.unfinished} of the unfinished, {standing.feed} of the feed and "
        f"{standing.day} of a day",
        remedy="Leave the option out; to have other numbers, make a table with another SIGHTLINE_TABLE_PREFIX",
    )
