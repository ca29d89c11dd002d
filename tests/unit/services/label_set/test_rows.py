from datetime import UTC, datetime, timedelta

import pytest

from sightline.services.label_import.rows import InvalidLabelRow, LabelRow, read_row

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SEEN = datetime(2017, 3, 1, 12, 30, tzinfo=UTC)
GOOD = {"object_key": "yard/1.jpg", "label": "Person", "confidence": 97.5, "event_ts": int(SEEN.timestamp())}


def read(**changed: object) -> LabelRow:
    return read_row({**GOOD, **changed}, "old", "row 7 of labels", NOW)


@pytest.mark.parametrize("event_ts", [GOOD["event_ts"], GOOD["event_ts"] * 1000, str(GOOD["event_ts"])])  # type: ignore[operator]
def test_a_time_is_in_seconds_or_milliseconds_as_a_number_or_as_text(event_ts: object) -> None:
    assert LabelRow("s3://old/yard/1.jpg", "Person", 97.5, SEEN) == read(event_ts=event_ts)


@pytest.mark.parametrize(("written", "percent"), [(0, 0.0), (100, 100.0), ("97.25", 97.25)])
def test_a_confidence_is_percent_as_a_number_or_as_text(written: object, percent: float) -> None:
    assert percent == read(confidence=written).confidence


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("object_key", None, "object_key must be the image's key, and is missing"),
        ("object_key", 5, "object_key must be the image's key, and is 5"),
        ("object_key", "", "object_key must name an object in old"),
        ("object_key", "x" * 1025, "object_key must name an object in old"),
        ("label", None, "label must be the label's name, and is missing"),
        ("label", " ", "label must be the label's name, and is ' '"),
        ("confidence", None, "confidence must be a number from 0 to 100, and is missing"),
        ("confidence", "sure", "confidence must be a number from 0 to 100, and is 'sure'"),
        ("confidence", "nan", "confidence must be a number"),
        ("confidence", 100.5, "confidence must be a number"),
        ("confidence", -1, "confidence must be a number"),
        ("confidence", True, "confidence must be a number"),
        ("confidence", {"SS": ["1"]}, "confidence must be a number"),
        ("confidence", 10**400, "confidence must be a number"),
        ("event_ts", None, "event_ts must be seconds or milliseconds since the epoch, .* and is missing"),
        ("event_ts", "yesterday", "event_ts must be .* and is 'yesterday'"),
        ("event_ts", 0, "event_ts must be"),
        ("event_ts", 1e300, "event_ts must be"),
        ("event_ts", (NOW + timedelta(days=2)).timestamp(), "event_ts must be"),
    ],
)
def test_a_bad_row_is_refused_by_its_place_its_rule_and_the_remedy(attribute: str, value: object, rule: str) -> None:
    with pytest.raises(InvalidLabelRow, match=rf"(?s)^row 7 of labels: {rule}.*\. Correct or delete it") as caught:
        read(**{attribute: value})
    assert len(str(caught.value)) < 400
