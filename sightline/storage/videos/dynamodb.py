"""The store of videos in DynamoDB."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from sightline.models.images import Lane
from sightline.models.stored import known_fields
from sightline.models.stored_images import read_rejection
from sightline.models.videos import Take, VideoRow, VideoState
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, equals, exists, less, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Index, Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.videos.protocol import VideoStore
from sightline.timing import CHECK_AFTER

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

UNFINISHED = Index("unfinished", Key("unfinished", "next_check_at"))
"""Sparse: an entry is there while its row has a `next_check_at`. Videos are few: one partition holds them."""

_ALL = "all"


def videos_table(prefix: str) -> Schema:
    """Declare the table. It has no TTL: rows are kept for ever."""
    return Schema(f"{prefix}videos", Key("video_id"), indexes=(UNFINISHED,))


class DynamoVideoStore(VideoStore):
    """The table `<prefix>videos`."""

    def __init__(self, client: "DynamoDBClient", prefix: str, clock: Callable[[], datetime]) -> None:
        self._table = DynamoTable(client, videos_table(prefix))
        self._clock = clock

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def add(self, video_id: str, lane: Lane, most_frames: int) -> bool:
        now = self._clock()
        change = Change().add("changes", 1).set("most_frames", most_frames).set("lane", lane).set("rounds", 0)
        change.set("state", VideoState.RECEIVED).set("received_at", instant(now)).set("sent_at", instant(now))
        change.set("unfinished", _ALL).set("next_check_at", instant(now + CHECK_AFTER))
        outcome = self._table.update({"video_id": video_id}, change)
        return outcome.item is not None and outcome.item["changes"] == 1

    @override
    def get(self, video_id: str) -> VideoRow | None:
        item = self._table.get({"video_id": video_id})
        return _decode(item) if item else None

    @override
    def save(self, seen: VideoRow, now: VideoRow) -> VideoRow | None:
        written = replace(now, changes=seen.changes + 1)
        change = Change().set_all(**_encode(written))  # and no more: a newer version may have attributes of its own
        is_written = self._table.change({"video_id": seen.video_id}, change, equals("changes", seen.changes))
        return written if is_written else None

    @override
    def note_job(self, video_id: str, kind: str, job_id: str) -> None:
        key = {"video_id": video_id}
        self._table.change(key, Change().set("jobs", {}), all_of(exists("state"), missing("jobs")))
        self._table.change(key, Change().set(("jobs", kind), job_id), exists("jobs"))

    @override
    def due(self, before: datetime) -> Iterator[VideoRow]:
        condition = all_of(equals("unfinished", _ALL), less("next_check_at", instant(before)))
        for entry in self._table.query(condition, index=UNFINISHED.name):
            row = self.get(entry["video_id"])
            if row and row.next_check_at and row.next_check_at < before:  # the index may be behind the row
                yield row


def _encode(row: VideoRow) -> Item:
    item: dict[str, Any] = asdict(row)
    del item["video_id"], item["jobs"]
    for name in ("received_at", "next_check_at", "sent_at"):
        item[name] = instant(item[name]) if item[name] else None
    item["unfinished"] = _ALL if row.next_check_at else None
    return item


def _decode(item: Item) -> VideoRow:
    times = {name: _time(item.get(name)) for name in ("next_check_at", "sent_at")}
    decoded = {
        "lane": Lane.read(item["lane"]),
        "state": VideoState.read(item["state"]),
        "received_at": datetime.fromisoformat(item["received_at"]),
        "take": _take(item["take"]) if "take" in item else None,
        "replaced": tuple(map(_take, item.get("replaced", ()))),
        "rejection": read_rejection(item.get("rejection")),
    }
    return VideoRow(**known_fields(VideoRow, item) | decoded | times)


def _take(stored: Item) -> Take:
    decoded = {"starts_at": datetime.fromisoformat(stored["starts_at"]), "offsets_ms": tuple(stored["offsets_ms"])}
    return Take(**known_fields(Take, stored) | decoded)


def _time(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
