"""Image rows as items of the table `images`, and its declaration."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sightline.models.images import (
    AskedBy,
    CameraDay,
    Capture,
    Content,
    Drops,
    FeatureResult,
    FeedEntry,
    ImageRow,
    ImageSummary,
    Judged,
    Lane,
    Rejection,
    StandIn,
    State,
    Unfinished,
    UnfinishedPlace,
)
from sightline.models.stored import known_fields
from sightline.models.stored_images import plain_result, read_content, read_judged, read_rejection, read_result
from sightline.storage.dynamodb.conditions import Path
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Index, Key, Schema
from sightline.storage.images.keys import (
    Layout,
    camera_day,
    day_position,
    day_shard,
    feed_partition,
    shard_of,
    write_day_of,
)
from sightline.storage.images.transitions import ENDED, FieldPath

_CAPTURED = ("camera", "taken_at", "source")
"""The fields of a capture that rows have always had."""

_OF_A_SUMMARY = ("state", "version", "capture", "content", "parts")

BY_DAY = Index("by_day", Key("camera_day", "day_position"), includes=_OF_A_SUMMARY)
"""Of tables that an older version has made; in others it is empty."""

BY_DAY_SHARDED = Index("by_day_sharded", Key("day_shard", "day_place"), includes=_OF_A_SUMMARY)
"""Sparse: an entry is there from the moment that its row is analysed, ended, stuck or late."""

FEED = Index("feed", Key("feed_partition", "feed_position"), includes=("version", "camera_day"))
UNFINISHED = Index("unfinished", Key("unfinished_shard", "next_check_at"), includes=("state", "version"))
"""Sparse: an entry is there while its row has a `next_check_at`."""

ENDED_INDEX = Index("ended", Key("ended_as", "received_at"))
"""Sparse: an entry is there while its row is rejected, gone, stuck or imported."""


def images_table(prefix: str) -> Schema:
    """Declare the table. It has no TTL: rows are kept for ever."""
    return Schema(f"{prefix}images", Key("image_id"), indexes=(BY_DAY, FEED, UNFINISHED, ENDED_INDEX, BY_DAY_SHARDED))


def encode_row(row: ImageRow, layout: Layout) -> Item:
    """Return the item of a whole row."""
    item: Item = {"image_id": row.image_id, "unfinished_shard": str(shard_of(row.image_id, layout.shards.unfinished))}
    for field in fields(row):
        if field.name not in {"image_id", "parts"}:
            item |= encode_field(row.image_id, field.name, getattr(row, field.name), layout)
    return item | {"parts": {feature: encode_result(part) for feature, part in row.parts.items()}}


def encode_field(image_id: str, name: str, value: Any, layout: Layout) -> Item:
    """Return the attributes that keep one field of a row: more than one where an index goes by it."""
    match value:
        case Capture():
            return (
                listing(image_id, value, layout.day_shards) if name == "listed" else _capture(image_id, value, layout)
            )
        case State():
            return {name: value, "ended_as": value if value in ENDED else None}
        case Content() | Rejection() | Drops() | Judged():
            encoded = {
                key: instant(kept) if isinstance(kept, datetime) else kept for key, kept in asdict(value).items()
            }
            return {name: encoded}
        case datetime():
            return {name: instant(value)}
        case str() if name == "feed_position":
            partition = feed_partition(write_day_of(value), shard_of(image_id, layout.shards.feed))
            return {name: value, "feed_partition": partition}
        case _:
            return {name: None if value is False else value}  # few rows have what is true of them


def _capture(image_id: str, capture: Capture, layout: Layout) -> Item:
    """Return the attributes of a capture. The feed tells the day; without a position, `by_day` lists no row."""
    return {
        "capture": _encode_capture(capture),
        "camera_day": camera_day(capture.camera, capture.day),
        "day_position": day_position(image_id, capture) if layout.keeps_old_days else None,
    }


def listing(image_id: str, capture: Capture, shards: int) -> Item:
    """Return the keys of a row in the index by day. shards: of its day."""
    return {
        "day_shard": day_shard(image_id, capture, shards),
        "day_place": day_position(image_id, capture),
    }


def is_listed(item: Item, capture: Capture) -> bool:
    """Return whether the row stands where its capture says."""
    return stands_as_taken(item.get("day_shard", ""), item.get("day_place"), item["image_id"], capture)


def stands_as_taken(part: str, place: str | None, image_id: str, capture: Capture) -> bool:
    """Return whether keys of the index by day, the shard and the place in it, are those of a capture.

    A version that does not know these keys may have given the row another capture since. Which shard it is in does not
    matter: all are read.
    """
    day, _, _ = part.rpartition("#")
    return day == camera_day(capture.camera, capture.day) and place == day_position(image_id, capture)


def encode_set(image_id: str, path: FieldPath, value: Any, layout: Layout) -> Mapping[Path, Any]:
    """Return the attributes to set for one entry of a transition's `sets`."""
    if len(path) == 1:
        attributes: Mapping[Any, Any] = encode_field(image_id, path[0], value, layout)
        return attributes
    return {path: encode_result(value) if isinstance(value, FeatureResult) else value}


def encode_required(image_id: str, path: FieldPath, value: Any, layout: Layout) -> Any:
    """Return the value to compare with for one entry of a transition's `requires`."""
    return encode_set(image_id, path, value, layout)[path if len(path) > 1 else path[0]]


def encode_result(part: FeatureResult) -> Item:
    """Return the map that keeps a part. How it was asked about is left out where it was asked about by name."""
    item = plain_result(part)
    return item if part.asked_by is not AskedBy.NAME else {key: item[key] for key in item if key != "asked_by"}


def decode_row(item: Item) -> ImageRow:
    """Return the row of an item."""
    capture = decode_capture(item["capture"]) if "capture" in item else None
    return ImageRow(
        image_id=item["image_id"],
        lane=Lane.read(item["lane"]),
        state=State.read(item["state"]),
        received_at=datetime.fromisoformat(item["received_at"]),
        version=item["version"],
        merged_version=item["merged_version"],
        content=read_content(item["content"]) if "content" in item else None,
        capture=capture,
        wanted=item["wanted"],
        parts=_decode_results(item["parts"]),
        rejection=read_rejection(item.get("rejection")),
        rounds=item["rounds"],
        next_check_at=datetime.fromisoformat(item["next_check_at"]) if "next_check_at" in item else None,
        feed_position=item.get("feed_position"),
        failure=read_rejection(item.get("failure")),
        sent_at=datetime.fromisoformat(item["sent_at"]) if "sent_at" in item else None,
        drops=Drops(item["drops"]["count"], datetime.fromisoformat(item["drops"]["at"])) if "drops" in item else None,
        listed=capture if capture and is_listed(item, capture) else None,
        judged=read_judged(item.get("judged")),
        was_other=item.get("was_other", False),
    )


def decode_summary(item: Item) -> ImageSummary:
    """Return the entry of the index by day."""
    content = item["content"]
    at = content.get("last_modified")
    return ImageSummary(
        image_id=item["image_id"],
        state=State.read(item["state"]),
        version=item["version"],
        capture=decode_capture(item["capture"]),
        content_sha256=content["sha256"],
        parts=_decode_results(item["parts"]),
        uploaded_at=datetime.fromisoformat(at) if at else None,
    )


def decode_unfinished(item: Item) -> Unfinished:
    """Return the entry of the index of what is unfinished."""
    due = datetime.fromisoformat(item["next_check_at"])
    return Unfinished(item["image_id"], State.read(item["state"]), item["version"], due)


def encode_place(shard: int, place: UnfinishedPlace) -> dict[str, str]:
    """Return the key of a place in the index of what is unfinished."""
    return {
        "unfinished_shard": str(shard),
        "next_check_at": instant(place.next_check_at),
        "image_id": place.image_id,
    }


def decode_feed_entry(item: Item) -> FeedEntry:
    """Return the entry of the feed."""
    taken = CameraDay.parse(item["camera_day"]) if "camera_day" in item else None
    return FeedEntry(item["image_id"], item["version"], item["feed_position"], taken)


def _encode_capture(capture: Capture) -> Item:
    """Leave out what is empty, as it is for most images: every entry of the index by day holds this."""
    return {key: value for key, value in asdict(capture).items() if value not in ((), "", None, 0) or key in _CAPTURED}


def decode_capture(item: Item) -> Capture:
    """Return the capture of a map."""
    times = {key: datetime.fromisoformat(item[key]) for key in ("taken_at", "read_at") if key in item}
    like = item.get("stand_in")
    stand_in = {"stand_in": StandIn(**known_fields(StandIn, like)) if like else None}
    return Capture(**known_fields(Capture, item) | times | {"ignored": tuple(item.get("ignored", ()))} | stand_in)


def _decode_results(parts: Mapping[str, Item]) -> dict[str, FeatureResult]:
    return {feature: read_result(item) for feature, item in parts.items()}
