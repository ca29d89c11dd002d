"""Image rows as items: what older versions wrote is read, and what is empty is left out."""

from datetime import UTC, datetime

from sightline.models.images import AskedBy, Drops, FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.storage.dynamodb.items import Item, from_item, to_item
from sightline.storage.images.encoding import decode_row, encode_row
from sightline.storage.images.keys import NEW_TABLE

NOW = datetime(2044, 5, 17, 11, 30, tzinfo=UTC)
PLAIN = FeatureResult("L1", ResultStatus.ANSWERED)


def row(part: FeatureResult, drops: Drops | None) -> ImageRow:
    return ImageRow(
        "s3://frames/yard/1.jpg", Lane.LIVE, State.COMPLETE, NOW, parts={"labels": part}, wanted={}, drops=drops
    )


def stored(kept: ImageRow) -> Item:
    return from_item(to_item(encode_row(kept, NEW_TABLE)))


def test_a_row_from_before_drops_were_counted_on_it_is_read():
    item = stored(row(PLAIN, None))
    assert ("drops" in item, "asked_by" in item["parts"]["labels"]) == (False, False)
    assert row(PLAIN, None) == decode_row(item)


def test_drops_and_how_it_was_asked_about_come_back():
    kept = row(FeatureResult("L1", ResultStatus.ANSWERED, asked_by=AskedBy.COPY), Drops(3, NOW))
    assert kept == decode_row(stored(kept))


def test_a_way_of_asking_that_only_a_newer_version_knows_is_read():
    item = stored(row(FeatureResult("L1", ResultStatus.ANSWERED, asked_by=AskedBy.COPY), None))
    item["parts"]["labels"]["asked_by"] = "telegram"
    asked_by = decode_row(item).parts["labels"].asked_by
    assert ("telegram", False) == (asked_by, asked_by.is_known)
