"""Image rows as items: what older versions wrote is read, and what is empty is left out."""

from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from sightline.models.images import AskedBy, Drops, FeatureResult, ImageRow, Lane, Rejection, ResultStatus, State
from sightline.models.stored_images import plain_result, read_result
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


@pytest.mark.parametrize(
    "result",
    [
        FeatureResult("a" * 64, ResultStatus.ANSWERED, (("Person", 97.5), ("Tree", 61.25)), 30.0, "3.0", left_out=2),
        FeatureResult("a" * 64, ResultStatus.REJECTED, rejection=Rejection("TooSmall", "of 40 pixels")),
    ],
)
def test_a_plain_result_is_what_asdict_makes_of_it_and_reads_back_as_itself(result):
    assert asdict(result) == plain_result(result)
    assert result == read_result(plain_result(result))
