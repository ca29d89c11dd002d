"""Days that are spread over all shards, since images came too fast for one.

A day begins in its first shard, so that its pages ask for one. Before a process lists an image in another shard, it
marks the day: an item beside the rows, which is never removed. A reader that finds no mark, by a consistent read, has
all that is listed so far in the first shard. So the mark must be written before the first row that needs it, and looked
for before the first shard is read. It may be remembered; that there is none may not.

Which shard a row is in does not matter to who reads all of them: a process that does not know of the mark yet goes on
with the first one. A row stays in the shard that it was first listed in, as long as it is of that day: an entry that
goes from one partition of an index to another may be in neither for a moment.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from sightline.errors import SightlineError
from sightline.storage.dynamodb.conditions import missing
from sightline.storage.dynamodb.items import instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.keys import NO_ROW, Layout, number_of
from sightline.storage.images.table_layout import TableLayout

OVER_ITS_UNITS = "IndexWriteKeyRangeThroughputExceeded"
"""Why DynamoDB refuses a write if one partition of an index takes no more."""

PREFIX = f"{NO_ROW}spread day "

COUNTED_FOR = timedelta(seconds=10)
MOST_LISTED = 100
"""In that time, by one process, of a day that is not spread: ten a second.

A shard takes 250. One process is one of many, and analyses at most about 20 images a second: of 13 to 25 processes that
fill the shard of a camera's day, each lists ten or more. At AWS's default quota, 50 a second of all cameras, six
processes and more leave every day in one shard. A camera itself takes a few images a second at most. Where more
processes have less to do, DynamoDB says that a shard takes no more (`is_of_full_shard`). A reconciler lists hundreds a
second after an outage: their days are spread, though they might have done without.
"""

MOST_DAYS_COUNTED = 1_000
MOST_DAYS_REMEMBERED = 20_000
"""Two megabytes. One that is forgotten is asked for, or marked, once more."""


def is_of_full_shard(error: SightlineError, index: str) -> bool:
    """Return whether a row was refused since its partition of the index takes no more."""
    cause = error.__cause__
    said: Any = cause.response if isinstance(cause, ClientError) else {}
    reasons = said.get("ThrottlingReasons") or said.get("throttlingReasons") or ()  # two errors spell it in two ways
    return any(
        each.get("reason") == OVER_ITS_UNITS and each.get("resource", "").endswith(f"/index/{index}")
        for each in reasons
    )


class SpreadDays:
    """What one process knows of the spread days of a table. Days are `camera#YYYY-MM-DD`. Threads may share one."""

    def __init__(self, table: DynamoTable, layout: TableLayout, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._layout = layout
        self._clock = clock
        self._lock = Lock()
        self._spread: dict[str, None] = {}
        self._listed: dict[str, tuple[datetime, int]] = {}

    def among(self, days: Iterable[str]) -> set[str]:
        """Return which of these days are spread. Those that are not known to be are read, all in one request."""
        asked = set(days)
        spread = {day for day in asked if day in self._spread}
        found = self._table.get_many({"image_id": PREFIX + day} for day in sorted(asked - spread))
        for item in found:
            spread.add(day := item["image_id"].removeprefix(PREFIX))
            self._remember(day)
        return spread

    def layout_to_list(self, day: str, layout: Layout, *, is_new: bool = True) -> Layout:
        """Return the layout for a row that is about to be listed in a day; mark the day if too many are.

        layout: of a table whose days begin in one shard; is_new: the row is not listed in this day yet. One that is
        stays where it is, so that no spreading would help it
        """
        if day in self._spread or (is_new and self._is_too_fast(day)):
            self.spread(day)
            return layout.of_spread_day()
        return layout

    def mark_again(self, part: str | None) -> None:
        """Mark the day of a row that is in another shard than the first, if the mark is missing.

        A backup may hold the row and not the mark: it takes what is written meanwhile or leaves it, each by itself.
        part: the shard of its day that a row is in; None: it is not listed
        """
        if part and number_of(part) > 0 and not self.among([day := part.rpartition("#")[0]]):
            self.spread(day)

    def spread(self, day: str) -> None:
        """Mark a day, unless that is known to be done. After this, its rows may be in any shard."""
        if day in self._spread:
            return
        marked = self._table.put({"image_id": PREFIX + day, "spread_at": instant(self._clock())}, missing("image_id"))
        if marked.is_written:
            self._layout.count_spread_day()
        self._remember(day)

    def _remember(self, day: str) -> None:
        with self._lock:
            self._spread[day] = None
            self._listed.pop(day, None)
            if len(self._spread) > MOST_DAYS_REMEMBERED:
                del self._spread[next(iter(self._spread))]

    def _is_too_fast(self, day: str) -> bool:
        """Count one listing; return whether this process lists more of the day than it may in one shard."""
        now = self._clock()
        with self._lock:
            since, count = self._listed.pop(day, (now, 0))
            if not timedelta(0) <= now - since < COUNTED_FOR:
                since, count = now, 0
            self._listed[day] = since, count + 1  # now the last one: the first was listed longest ago
            if len(self._listed) > MOST_DAYS_COUNTED:
                del self._listed[next(iter(self._listed))]
        return count + 1 > MOST_LISTED
