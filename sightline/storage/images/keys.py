"""How an image is found: its id, its shards, and its places in the indexes."""

import hashlib
import zlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from sightline.errors import InvalidUri
from sightline.models.images import Capture
from sightline.storage.dynamodb.items import instant
from sightline.storage.images.positions import time_of

MAX_ID_BYTES = 2048
"""DynamoDB's limit for a partition key."""

NO_ROW = "sightline "
"""How the keys of items begin that are no rows: no image has such an id, since it is no URI."""

MAX_SORT_KEY_BYTES = 1024
"""DynamoDB's limit for a sort key, in an index as well."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Over how many partitions an index is spread: one takes 1,000 write units a second.

    An image costs one of the feed, five of the unfinished, and four of the index by day: 200 images a second for each
    shard of the unfinished. Fixed for the life of a table: with fewer, the last shards would never be read again.

    day: of each camera's day; where days begin in one shard, of a day that is spread
    """

    feed: int
    unfinished: int
    day: int


@dataclass(frozen=True, slots=True)
class ShardChoice:
    """The shards that an operator chooses; None: those that the table has, or the usual ones of a new table."""

    feed: int | None = None
    unfinished: int | None = None
    day: int | None = None

    def over(self, standing: Shards) -> Shards:
        """Return the standing shards with those that are chosen instead."""
        return Shards(
            standing.feed if self.feed is None else self.feed,
            standing.unfinished if self.unfinished is None else self.unfinished,
            standing.day if self.day is None else self.day,
        )


FEWEST_SHARDS = Shards(feed=4, unfinished=4, day=1)
"""A process that does not know yet how many shards a new table has writes to these: everybody reads them.
Older versions write to four of a day."""

DEFAULT_SHARDS = Shards(feed=4, unfinished=16, day=4)
"""Of a new table: 4,000 images a second in the feed; unfinished 3,200, or 2,600 if analyses take over a minute; 1,000
of one camera's day once it is spread, where AWS's default quota is 50."""


class DayIndexes(StrEnum):
    """Which indexes by day a table has: `by_day`, which is one partition for each camera's day, or the one in shards.

    OLD: a table that no `sightline setup` of this version has seen; BOTH: rows move from the one to the other
    """

    OLD = "old"
    BOTH = "both"
    SHARDED = "sharded"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table's own item says of how its rows are indexed.

    days_begin_in_one: a day is in its first shard alone until it is spread over all (`spread_days.py`)
    """

    shards: Shards
    days: DayIndexes
    days_begin_in_one: bool = False

    @property
    def keeps_old_days(self) -> bool:
        """Return whether rows still get the keys of `by_day`."""
        return self.days is not DayIndexes.SHARDED

    @property
    def day_shards(self) -> int:
        """Return over how many shards a day is kept that nobody has spread."""
        return 1 if self.days_begin_in_one else self.shards.day

    def of_spread_day(self) -> Self:
        """Return the same for a day that is spread."""
        return replace(self, days_begin_in_one=False)


def layout_of_new(shards: Shards) -> Layout:
    """Return the layout of a table that is made now: its days begin in one shard, if they may have more."""
    return Layout(shards, DayIndexes.SHARDED, days_begin_in_one=shards.day > 1)


NEW_TABLE = layout_of_new(DEFAULT_SHARDS)


def is_row(image_id: str) -> bool:
    """Return whether an item of the table is an image's row, and none of those that tell how rows are kept."""
    return not image_id.startswith(NO_ROW)


def check_id(image_id: str) -> str:
    """Return the id; raise InvalidUri if DynamoDB cannot keep it as it is."""
    try:
        size_bytes = len(image_id.encode())
    except UnicodeEncodeError as error:
        raise InvalidUri(ascii(image_id), rule="an image id must be valid Unicode, without lone surrogates") from error
    if not 0 < size_bytes <= MAX_ID_BYTES:
        raise InvalidUri(image_id)
    return image_id


def shard_of(image_id: str, shards: int) -> int:
    """Return an image's shard, the same in every process and for ever."""
    return zlib.crc32(image_id.encode()) % shards


def feed_partition(write_day: str, shard: int) -> str:
    """Name the part of the feed that holds one shard's writes of one UTC day."""
    return f"F#{write_day}#{shard}"


def write_day_of(position: str) -> str:
    """Return the UTC day, YYYY-MM-DD, of a feed position (a ULID)."""
    return time_of(position).date().isoformat()


def camera_day(camera: str, capture_day: str) -> str:
    """Name the part of the index by day that holds one camera's images of one capture day."""
    return f"{camera}#{capture_day}"


def day_shard(image_id: str, capture: Capture, shards: int) -> str:
    """Name the part of a camera's capture day that holds one image."""
    return part_of_day(camera_day(capture.camera, capture.day), shard_of(image_id, shards))


def part_of_day(of_camera: str, shard: int) -> str:
    """Name one shard of a camera's capture day."""
    return f"{of_camera}#{shard}"


def number_of(part: str) -> int:
    """Return the number of the shard that a part of a camera's capture day is."""
    return int(part.rpartition("#")[2])


def day_position(image_id: str, capture: Capture) -> str:
    """Return an image's place in its camera's day: by instant, then by id.

    An S3 key may have as many bytes as the whole sort key: an id that is too long gives way to its sha256, which
    orders ties as well as any. The id itself stands in every index entry.
    """
    place = f"{instant(capture.taken_at)}#{image_id}"
    if len(place.encode()) <= MAX_SORT_KEY_BYTES:
        return place
    return f"{instant(capture.taken_at)}#sha256:{hashlib.sha256(image_id.encode()).hexdigest()}"
