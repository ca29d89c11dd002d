"""A model of the table of images at any size, in place of DynamoDB: what it answers is made up as it is asked for.

DynamoDB Local takes hours for ten million rows. The store under test is the real one: it sends its own requests, and
the model counts them. Partitions are sequences whose entries are computed from their numbers, so that a query finds its
place by bisection and pays for what it reads, as in DynamoDB: a page ends at its limit or at a megabyte, and half a
read unit is due for each 4 KB of an eventually consistent one.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, cast

from botocore.exceptions import ClientError

from sightline.models.images import Capture, Content, FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.storage.dynamodb.items import AttributeValues, instant, to_item
from sightline.storage.dynamodb.table import THERE
from sightline.storage.images.encoding import BY_DAY_SHARDED, FEED, UNFINISHED, encode_row, images_table
from sightline.storage.images.keys import NEW_TABLE, Shards, is_row, layout_of_new
from sightline.storage.images.positions import position_at
from sightline.storage.images.table_layout import ITEM_ID, encode_layout

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
CAMERA, DAY = "camera-1", "2026-03-30"
FINDING = tuple((f"Label {number}", 95.5 - number) for number in range(12))
DIGEST = "0" * 64
CONTENT = Content(DIGEST, "0" * 32, 200_000, 1920, 1080, "0" * 32, NOW - timedelta(days=1))

NEW_SINCE = timedelta(minutes=1)
"""How long ago the rows that are to be synced were written."""

PAGE_BYTES = 1_000_000
UNIT_BYTES = 4096
INDEXES = {each.name: each for each in images_table("bench-").indexes}


@dataclass(frozen=True, slots=True)
class Size:
    """How many images there are: an eighth waits after an outage, a five-hundredth was taken on the day to be read."""

    images: int
    shards: Shards = NEW_TABLE.shards

    def waiting(self) -> int:
        """Return the unfinished of one shard."""
        return self.images // 8 // self.shards.unfinished

    def of_the_day(self, shard: int) -> int:
        """Return the images of one shard of the day: it is not spread."""
        return 0 if shard else self.images // 500

    def ended(self, state: str) -> int:
        """Return the images that have ended so: three in a hundred are rejected, and as many gone."""
        return {State.REJECTED: self.images * 3 // 100, State.GONE: self.images * 3 // 100}.get(State(state), 100)


class Exceptions:
    """What the client raises, as boto3 names it."""

    ConditionalCheckFailedException = ClientError


class Model:
    """A client of DynamoDB with one table. requests: by operation; read_units: of them all; written: rows."""

    exceptions = Exceptions

    def __init__(self, size: Size, new_rows: int) -> None:
        self.size, self._new_rows = size, new_rows
        self.requests: Counter[str] = Counter()
        self.read_units = 0.0
        self.written = 0
        self._lock = Lock()

    def _count(self, operation: str) -> None:
        with self._lock:
            self.requests[operation] += 1

    def _read(self, units: float) -> None:
        with self._lock:
            self.read_units += units

    def query(self, **request: Any) -> dict[str, Any]:
        """Return a page of an index."""
        self._count("Query")
        partition, *bounds = [each["S"] for each in request["ExpressionAttributeValues"].values()]
        index = INDEXES[request["IndexName"]]
        numbers, whole, sort = *self._partition(index.name, partition), str(index.key.sort)
        kept = {"image_id", *index.key.attributes, *index.includes}

        def item(number: int) -> AttributeValues:
            return {name: value for name, value in whole(number).items() if name in kept}

        first, last = _between(request, bounds, numbers, lambda number: item(number)[sort]["S"])
        rising = request["ScanIndexForward"]
        start = request.get("ExclusiveStartKey")
        if start and rising:
            first = bisect_right(numbers, start[sort]["S"], key=lambda number: item(number)[sort]["S"])
        elif start:
            last = bisect_left(numbers, start[sort]["S"], key=lambda number: item(number)[sort]["S"])
        bytes_of_one = _bytes_of(item(numbers[first])) if first < last else 0  # all of a partition are alike
        most = min(request.get("Limit", PAGE_BYTES), PAGE_BYTES // max(bytes_of_one, 1))
        chosen = range(first, min(last, first + most)) if rising else range(last - 1, max(first, last - most) - 1, -1)
        items = [item(number) for number in chosen]
        self._read(max(1, math.ceil(len(items) * bytes_of_one / UNIT_BYTES)) / 2)
        is_cut = len(items) < last - first
        return {"Items": items, **({"LastEvaluatedKey": items[-1]} if is_cut and items else {})}

    def _partition(self, index: str, partition: str) -> tuple[Sequence[int], Callable[[int], AttributeValues]]:
        if index == BY_DAY_SHARDED.name:
            shard = int(partition.rsplit("#", 1)[1])
            return range(self.size.of_the_day(shard)), partial(of_the_day, shard=shard)
        if index == FEED.name:
            _, day, of_feed = partition.split("#")
            older = self.size.images // 1000 if day == f"{NOW:%Y-%m-%d}" else 0
            count = older + self._new_rows // self.size.shards.feed if older else 0
            return range(count), lambda number: of_the_feed(number - older, int(of_feed))
        if index == UNFINISHED.name:
            return range(self.size.waiting()), partial(waiting, shard=int(partition))
        return range(self.size.ended(partition)), lambda _: _KNOWN

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Return the rows of these ids: each id says which one it is. No day is spread."""
        self._count("BatchGetItem")
        ((table, asked),) = RequestItems.items()
        ids = [key["image_id"]["S"] for key in asked["Keys"]]
        items = [named(image_id) for image_id in ids if is_row(image_id)]
        self._read(sum(math.ceil(_bytes_of(item) / UNIT_BYTES) for item in items) + len(ids) - len(items))
        return {"Responses": {table: items}, "UnprocessedKeys": {}}

    def batch_execute_statement(self, Statements: Sequence[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Change rows, and refuse new ones: all are there."""
        self._count("BatchExecuteStatement")
        answers = [_THERE if each["Statement"].startswith("INSERT") else {} for each in Statements]
        self.written += answers.count({})
        return {"Responses": answers}

    def update_item(self, Key: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Refuse what only reads the table's own item; change a row."""
        self._count("UpdateItem")
        if Key["image_id"]["S"] == ITEM_ID:
            raise _refused(self.get_item()["Item"])
        self.written += 1
        return {"Attributes": named(Key["image_id"]["S"])}

    def put_item(self, Item: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Refuse a new row: all are there. Take the mark of a day that is spread."""
        self._count("PutItem")
        if is_row(image_id := Item["image_id"]["S"]):
            raise _refused(named(image_id))
        return {}

    def get_item(self, **_: Any) -> dict[str, Any]:
        """Return the table's own item."""
        return {"Item": to_item(encode_layout(layout_of_new(self.size.shards)))}

    def describe_table(self, **_: Any) -> dict[str, Any]:
        """Return the table's own counts."""
        self._count("DescribeTable")
        waiting = self.size.waiting() * self.size.shards.unfinished
        ended = sum(self.size.ended(state) for state in (State.REJECTED, State.GONE, State.STUCK, State.IMPORTED))
        indexes = [{"IndexName": "unfinished", "ItemCount": waiting}, {"IndexName": "ended", "ItemCount": ended}]
        return {"Table": {"ItemCount": self.size.images, "GlobalSecondaryIndexes": indexes}}


def named(image_id: str) -> AttributeValues:
    """Return the row that an id names."""
    *_, kind, shard, number = image_id.removesuffix(".jpg").split("/")
    makers = {"day": of_the_day, "feed": of_the_feed, "waiting": waiting, "known": known}
    return makers[kind](int(number), int(shard))


def of_the_day(number: int, shard: int) -> AttributeValues:
    """Return an image of the day that is read."""
    at = datetime.fromisoformat(f"{DAY}T00:00:00+00:00") + timedelta(milliseconds=4 * number, microseconds=shard)
    row = _complete(f"day/{shard}/{number}", at)
    return to_item(encode_row(row, NEW_TABLE))


def of_the_feed(number: int, shard: int) -> AttributeValues:
    """Return an image whose analysis came a minute ago, in the order of the feed; below 0: one long synced."""
    written = position_at(NOW - NEW_SINCE + timedelta(milliseconds=number))
    return _ANALYSED | {"image_id": {"S": f"s3://bench/feed/{shard}/{number}.jpg"}, "feed_position": {"S": written}}


def waiting(number: int, shard: int) -> AttributeValues:
    """Return an image whose messages are lost."""
    due = instant(NOW - timedelta(days=1) + timedelta(milliseconds=number))
    return _WAITING | {"image_id": {"S": f"s3://bench/waiting/{shard}/{number}.jpg"}, "next_check_at": {"S": due}}


def known(number: int, shard: int) -> AttributeValues:
    """Return an image of the bucket that a backfill lists."""
    return _KNOWN | {"image_id": {"S": f"s3://bench/known/{shard}/{number}.jpg"}}


def _complete(name: str, at: datetime) -> ImageRow:
    capture, part = Capture(CAMERA, at, "key"), FeatureResult(DIGEST, ResultStatus.ANSWERED, FINDING, 30.0, "3.0")
    features = ("labels", "faces", "text")
    return ImageRow(
        f"s3://bench/{name}.jpg",
        Lane.LIVE,
        State.COMPLETE,
        at,
        version=2,
        merged_version=2,
        content=CONTENT,
        capture=capture,
        wanted=dict.fromkeys(features, DIGEST),
        parts=dict.fromkeys(features, part),
        listed=capture,
    )


_ROW = _complete("any", NOW - timedelta(hours=1))
_THERE = {"Error": {"Code": THERE}}
_KNOWN = to_item(encode_row(_ROW, NEW_TABLE))
_ANALYSED = to_item(
    encode_row(replace(_ROW, state=State.ANALYSED, merged_version=0, feed_position=position_at(NOW)), NEW_TABLE)
)
_WAITING = to_item(
    encode_row(
        replace(_ROW, state=State.ANALYSING, merged_version=0, parts={}, sent_at=NOW - timedelta(days=1)), NEW_TABLE
    )
)


def _between(
    request: Mapping[str, Any], bounds: Sequence[str], numbers: Sequence[int], sort: Callable[[int], str]
) -> tuple[int, int]:
    """Return the first number of a key condition, and the one behind its last."""
    condition = request["KeyConditionExpression"]
    if "BETWEEN" in condition:
        return bisect_left(numbers, bounds[0], key=sort), bisect_right(numbers, bounds[1], key=sort)
    if "<" in condition:
        return 0, bisect_left(numbers, bounds[0], key=sort)
    return (bisect_right(numbers, bounds[0], key=sort) if ">" in condition else 0), len(numbers)


def _bytes_of(value: Any) -> int:
    """Return about what DynamoDB counts for an item."""
    if isinstance(value, Mapping):
        return sum(len(str(name)) + _bytes_of(each) for name, each in cast("Mapping[str, Any]", value).items())
    if isinstance(value, list):
        return sum(_bytes_of(each) for each in value)
    return len(str(value))


def _refused(item: Mapping[str, Any]) -> ClientError:
    answer: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}, "Item": item}
    return ClientError(answer, "UpdateItem")
