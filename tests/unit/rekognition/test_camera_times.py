from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.rekognition.camera_times import read_offset, read_time

TAKEN = datetime(2025, 6, 5, 9, 20, 30)  # noqa: DTZ001 - on a camera's clock


@pytest.mark.parametrize(
    "text",
    [
        "2025:06:05 09:20:30",
        "2025-06-05 09:20:30",
        "2025/06/05 09:20:30",
        "2025.06.05 09:20:30",
        "2025-06-05T09:20:30",
        "2025:06:05T09:20:30",
        "2025:06:05  09:20:30",
        " 2025:06:05 09:20:30 ",
        "2025: 6: 5  9:20:30",
        "2025:6:5 9:20:30",
        "2025:06:05 09:20:30 AM",
        "2025:06:05:09:20:30",
        "20250605T092030",
        "20250605092030",
        "20250605-092030",
        "2025-06-05 09-20-30",
        "2025-06-05_09-20-30",
        "2025.06.05 09.20.30",
        "2025:06:05-09:20:30",
        "2025:06:05, 09:20:30",
        "20250605 09:20:30",
        "2025:06:05 09:20:30 a.m.",
        "2025:06:05 09:20:30\xff",
        "2025:06:05 09:20:30\x1a",
        '"2025:06:05 09:20:30";',
    ],
)
def test_one_time_in_the_spellings_of_cameras(text):
    assert TAKEN == read_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025:06:05 09:20:30.123", "2025-06-05T09:20:30.123000"),
        ("2025-06-05 09:20:30,5", "2025-06-05T09:20:30.500000"),
        ("2025:06:05 09:20", "2025-06-05T09:20:00"),
        ("2025:06:05 24:04:20", "2025-06-05T00:04:20"),
        ("2025:06:05 12:04:20 AM", "2025-06-05T00:04:20"),
        ("2025:06:05 12:04:20 pm", "2025-06-05T12:04:20"),
        ("2025:06:05 01:04:20 PM", "2025-06-05T13:04:20"),
        ("2025-06-05T09:20:30Z", "2025-06-05T09:20:30+00:00"),
        ("2025-06-05T09:20:30z", "2025-06-05T09:20:30+00:00"),
        ("2025-06-05T09:20:30+02:00[Europe/Berlin]", "2025-06-05T09:20:30+02:00"),
        ("2025:06:05 01:04:20 p.m.", "2025-06-05T13:04:20"),
        ("2025-06-05 09:20-03", "2025-06-05T09:20:00-03:00"),
        ("2025:06:05 09:20:30+02:00", "2025-06-05T09:20:30+02:00"),
        ("2025:06:05 09:20:30 -0330", "2025-06-05T09:20:30-03:30"),
    ],
)
def test_parts_that_only_some_write(text, expected):
    assert expected == read_time(text).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025:06:05",
        "05:06:2025 09:20:30",
        "05/06/25 09:20:30",
        "2025:13:05 09:20:30",
        "2025-06:05 09:20:30",
        "2025-06-05 09-20",
        "2025-06-05 09.20",
        "2025:06:05 오후 09:20:30",
        "2025:06:05 09:20:30[Europe/Berlin]",
        "2025:06:05 25:20:30",
        "2025:06:05 13:20:30 PM",
        "2025:06:05 00:20:30 AM",
        "2025:06:05 09:20:30 +??",
        "2025:06:05 09:20:30 and more",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
    ],
)
def test_what_is_no_whole_time_or_is_ambiguous_is_not_read(text):
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        *[("+02:00", 2), ("+2:00", 2), ("+0200", 2), ("+02", 2), ("+2", 2), ("-03:30", -3.5), ("−05:00", -5), ("Z", 0)],
        *[("UTC", 0), ("GMT+1", 1), ("UTC-05:00", -5), (" +02:00 ", 2), ("+14:00", 14), ("+02:00:00", 2)],
    ],
)
def test_offsets_in_the_spellings_of_cameras(text, hours):
    assert timedelta(hours=hours) == read_offset(text).utcoffset(None)


@pytest.mark.parametrize("text", ["", "   :  ", "+  :  ", "02:00", "+15:00", "+02:75", "CEST", "+", "+2:0"])
def test_what_is_no_offset(text):
    assert read_offset(text) is None


@given(st.datetimes(datetime(1000, 1, 1)), st.sampled_from("-:/."), st.sampled_from([" ", "T", "  "]))  # noqa: DTZ001
def test_any_time_written_year_first_is_read_back(at, dash, between):
    text = f"{at.year:04}{dash}{at.month:02}{dash}{at.day:02}{between}{at:%H:%M:%S.%f}"
    assert (at, at.replace(tzinfo=UTC)) == (read_time(text), read_time(text + "Z"))


@given(st.text("0123456789:-/. TZ+apm\0é", max_size=30))
def test_any_text_is_a_time_or_none(text):
    read_time(text)
    read_offset(text)
