"""How many shards a table of images has: chosen when it is made, kept in an item of its own, and never changed.

The item goes wherever the table's rows go: into a backup and out of it. A table without one is of a version that knew
only four shards each.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sightline.errors import ConfigurationError
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, exists, missing
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.keys import Shards

ITEM_ID = "sightline table"
"""No image has this id: it is no URI."""

SHARDS_OF_AN_OLD_TABLE = Shards(feed=4, unfinished=4)

ASKED_AGAIN_AFTER = timedelta(minutes=1)
"""A table without the item may be so new that `sightline setup` is about to write it."""


class TableShards:
    """The shards of one table. They are read once in each process; threads may share one."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock
        self._stored: Shards | None = None
        self._asked_at: datetime | None = None

    def get(self) -> Shards:
        """Return the table's shards."""
        return self.stored() or SHARDS_OF_AN_OLD_TABLE

    def stored(self) -> Shards | None:
        """Return what the table's own item says; None if there is none."""
        if self._stored is None and self._is_to_be_asked():
            self._stored = self._read()
            self._asked_at = self._clock()
        return self._stored

    def _is_to_be_asked(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= ASKED_AGAIN_AFTER

    def _read(self) -> Shards | None:
        # A refused write returns the item: producers may write rows, but not read them
        never = all_of(exists("image_id"), missing("image_id"))
        item = self._table.update({"image_id": ITEM_ID}, Change().set("checked", True), never).item
        return Shards(item["feed_shards"], item["unfinished_shards"]) if item else None

    def choose(self, shards: Shards) -> None:
        """Write the shards of a table that was just made."""
        item = {"image_id": ITEM_ID, "feed_shards": shards.feed, "unfinished_shards": shards.unfinished}
        self._table.put(item, missing("image_id"))

    def require(self, shards: Shards) -> None:
        """Raise ConfigurationError if the table has other shards."""
        if (standing := self.get()) != shards:
            raise other_shards(standing)


def other_shards(standing: Shards) -> ConfigurationError:
    """Return the error for a table that was made with other numbers of shards."""
    return ConfigurationError(
        "the table of images",
        rule=f"shards cannot change: it has {standing.unfinished} of the unfinished and {standing.feed} of the feed",
        remedy="Leave the option out; to have other numbers, make a table with another SIGHTLINE_TABLE_PREFIX",
    )
