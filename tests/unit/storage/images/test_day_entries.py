"""An entry of the index by day reads the same on the short way as on the long one, whatever version wrote it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sightline.models.images import (
    AskedBy,
    Capture,
    Content,
    FeatureResult,
    ImageRow,
    Lane,
    Rejection,
    ResultStatus,
    StandIn,
    State,
)
from sightline.storage.dynamodb.items import from_item, to_item
from sightline.storage.images.day_entries import read_summary
from sightline.storage.images.encoding import decode_summary, encode_row
from sightline.storage.images.keys import NEW_TABLE

NOW = datetime(2044, 5, 17, 11, 30, tzinfo=timezone(timedelta(hours=2)))
ANSWERED = FeatureResult("a" * 64, ResultStatus.ANSWERED, (("Person", 97.5), ("Tree", 61.0)), 30.0, "3.0", left_out=2)
TAKEN = Capture("yard", NOW, "key")
PLAIN = ImageRow(
    "s3://frames/yard/1.jpg",
    Lane.LIVE,
    State.COMPLETE,
    NOW,
    version=3,
    content=Content("0" * 64, "e", 5, 6, 7),
    capture=TAKEN,
    parts={"labels": ANSWERED, "faces": FeatureResult("b", ResultStatus.ANSWERED, (), None)},
)
MOVED = replace(TAKEN, ignored=("exif: 0000",), doubt="late", read_at=NOW, read_source="key", correction=2)
ROWS = {
    "plain": PLAIN,
    "with the time of its upload": replace(PLAIN, content=Content("1" * 64, "e", 5, 6, 7, "v1", NOW.astimezone(UTC))),
    "moved": replace(PLAIN, capture=MOVED),
    "shown with another": replace(
        PLAIN, capture=replace(MOVED, stand_in=StandIn("s3://frames/yard/0.jpg", "0" * 64, 3))
    ),
    "with a part that was refused": replace(
        PLAIN,
        parts={"text": FeatureResult("c", ResultStatus.REJECTED, rejection=Rejection("TooSmall", "of 40 pixels"))},
    ),
    "asked about by its bytes": replace(PLAIN, parts={"labels": replace(ANSWERED, asked_by=AskedBy.BYTES)}),
    "without a part": replace(PLAIN, parts={}, state=State.STUCK),
}


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS.items()])
def test_a_summary_is_that_of_its_row(row):
    values = to_item(encode_row(row, NEW_TABLE))
    assert row.summary() == read_summary(values) == decode_summary(from_item(values))


@pytest.mark.parametrize(
    "digits", ["97.5", "97", "1E+2", "0.000000000000000000000000000000000001", "33.33333333333333333"]
)
def test_a_confidence_is_the_same_number_on_both_ways(digits):
    values = to_item(encode_row(PLAIN, NEW_TABLE))
    values["parts"]["M"]["labels"]["M"]["finding"]["L"][0]["L"][1] = {"N": digits}
    assert decode_summary(from_item(values)) == read_summary(values)


def of_version_before(values):
    """Leave out what rows have not always had."""
    for name in ("left_out", "model_version"):
        del values["parts"]["M"]["labels"]["M"][name]


def of_version_to_come(values):
    """Add what only a newer version knows."""
    values["state"] = {"S": "dreamt of"}
    values["parts"]["M"]["labels"]["M"] |= {
        "status": {"S": "postponed"},
        "mood": {"S": "calm"},
        "cut_percent": {"N": "40"},
    }
    values["capture"]["M"]["lens"] = {"S": "wide"}
    values["seen"] = {"SS": ["by", "whom"]}


@pytest.mark.parametrize("change", [of_version_before, of_version_to_come])
def test_what_another_version_has_written_is_read_the_long_way(change):
    values = to_item(encode_row(PLAIN, NEW_TABLE))
    change(values)
    found = read_summary(values)
    assert decode_summary(from_item(values)) == found
    assert found != PLAIN.summary()
