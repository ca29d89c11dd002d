"""What buckets refuse for now, shared by all processes, and how often single images were refused."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from typing_extensions import override

from sightline.models.bucket_refusals import BucketRefusal, Reader, RefusedImage, Tries
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals, exists, one_of
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable

REFUSAL, TRIES = "bucket_refusal", "refused_image"

REMEMBERED_FOR = timedelta(days=1)
"""After the last refusal or pass. A bucket with refused images is looked at each minute, so it is not forgotten."""


class BucketRefusals(Protocol):
    """What every store of refusals does."""

    def read(self) -> list[BucketRefusal]:
        """Return what is known of every bucket, consistently; what only a newer version's reader met is left out."""

    def get(self, bucket: str, reader: Reader) -> BucketRefusal:
        """Return what is known of one bucket: nothing at first."""

    def replace(self, after: BucketRefusal) -> BucketRefusal | None:
        """Write what is known, with the next revision; None if another process has just written its own."""

    def tries(self, image_id: str, reader: Reader) -> Tries | None:
        """Return how often an image was refused."""

    def keep_tries(self, image_id: str, reader: Reader, tries: Tries | None) -> None:
        """Write how often an image was refused; None forgets it."""


class DynamoBucketRefusals(BucketRefusals):
    """The refusals of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def read(self) -> list[BucketRefusal]:
        # TTL deletes late, so the time is compared as well.
        now = self._clock().timestamp()
        items = self._table.query(equals("kind", REFUSAL), only_if=one_of("reader", tuple(map(str, Reader))))
        return [_refusal(item) for item in items if item["expires_at"] > now]

    @override
    def get(self, bucket: str, reader: Reader) -> BucketRefusal:
        item = self._table.get(_refusal_key(bucket, reader))
        return _refusal(item) if item else BucketRefusal(bucket, reader)

    @override
    def replace(self, after: BucketRefusal) -> BucketRefusal | None:
        written = replace(after, revision=after.revision + 1)
        change = Change().set_all(refusal=as_text(written), revision=written.revision, reader=str(written.reader))
        change.set("expires_at", self._expires_at())
        key = _refusal_key(after.bucket, after.reader)
        return written if self._table.change(key, change, equals("revision", after.revision or None)) else None

    @override
    def tries(self, image_id: str, reader: Reader) -> Tries | None:
        item = self._table.get(_tries_key(image_id, reader))
        if item is None or item["expires_at"] <= self._clock().timestamp():
            return None
        return Tries(datetime.fromisoformat(item["first_at"]), item["tries"], item["passes"])

    @override
    def keep_tries(self, image_id: str, reader: Reader, tries: Tries | None) -> None:
        key = _tries_key(image_id, reader)
        if tries is None:
            self._table.delete(key, exists("kind"))
            return
        change = Change().set_all(first_at=tries.first_at.isoformat(), tries=tries.count, passes=tries.passes)
        self._table.change(key, change.set("expires_at", self._expires_at()))

    def _expires_at(self) -> int:
        return int((self._clock() + REMEMBERED_FOR).timestamp())


def as_text(refusal: BucketRefusal) -> str:
    """Write a refusal as JSON."""
    return json.dumps(asdict(refusal), default=datetime.isoformat)


def from_text(text: str, revision: int) -> BucketRefusal:
    """Read what `as_text` wrote; attributes of a newer version are ignored."""
    kept: dict[str, Any] = json.loads(text)
    refused = tuple(
        RefusedImage(each["image_id"], datetime.fromisoformat(each["first_at"]), each["is_since_passed"])
        for each in kept["refused"]
    )
    return BucketRefusal(
        bucket=kept["bucket"],
        reader=Reader(kept["reader"]),
        refused=refused,
        passes=kept["passes"],
        is_news=kept["is_news"],
        probe_at={place: datetime.fromisoformat(at) for place, at in kept["probe_at"].items()},
        letters=kept["letters"],
        released=tuple(kept["released"]),
        suspects=tuple(kept["suspects"]),
        revision=revision,
    )


def _refusal(item: Item) -> BucketRefusal:
    return from_text(item["refusal"], item["revision"])


def _refusal_key(bucket: str, reader: Reader) -> dict[str, str]:
    return {"kind": REFUSAL, "id": sort_key(f"{reader}#{bucket}")}


def _tries_key(image_id: str, reader: Reader) -> dict[str, str]:
    return {"kind": TRIES, "id": sort_key(f"{reader}#{image_id}")}
