from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import ConfigurationError, UnreadableKey
from sightline.models.images import Capture
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.storage.buckets.protocol import ObjectHead, ObjectUri
from tests.unit.services.pictures import encoded, exif_of, good_pictures, noise

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
STORED = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
TIMELESS = good_pictures()["JPEG"]
DEMO_KEY = "yard/2026-07-01/Hour-23/snap/MDAlarm_20260701-233015.jpg"

reader = CaptureReader(DEFAULT_KEY_PATTERN, {"yard": BERLIN, "roof": KATHMANDU}, ZoneInfo("UTC"))


def head(key: str, said: str | None = None, stored: datetime = STORED) -> ObjectHead:
    metadata = {} if said is None else {"capture-time": said}
    return ObjectHead(ObjectUri("cameras", key), "etag", len(TIMELESS), stored, None, metadata)


def captured(key: str, said: str | None = None, data: bytes = TIMELESS, stored: datetime = STORED) -> Capture:
    return reader(head(key, said, stored), data)


def shown(capture: Capture) -> tuple[str, str]:
    return capture.taken_at.isoformat(), capture.source


def test_the_demos_key_tells_the_camera_and_its_own_time():
    capture = captured(DEMO_KEY)
    assert ("yard", "2026-07-01T23:30:15+02:00", "key") == (capture.camera, *shown(capture))


@pytest.mark.parametrize("named", ["roof/", " roof", "roof\u200b"])
def test_a_time_zone_is_found_by_a_name_that_looks_the_same(named):
    reader = CaptureReader(DEFAULT_KEY_PATTERN, {named: KATHMANDU}, ZoneInfo("UTC"))
    assert (
        "2026-07-01T23:30:15+05:45" == reader(head(DEMO_KEY.replace("yard", "roof", 1)), TIMELESS).taken_at.isoformat()
    )


def test_a_time_zone_of_one_of_two_names_that_look_the_same_is_not_guessed():
    reader = CaptureReader(DEFAULT_KEY_PATTERN, {"roof ": KATHMANDU, "roof/": BERLIN}, ZoneInfo("UTC"))
    assert (
        "2026-07-01T23:30:15+00:00" == reader(head(DEMO_KEY.replace("yard", "roof", 1)), TIMELESS).taken_at.isoformat()
    )


def test_a_pattern_with_the_group_bucket_sees_the_bucket():
    reader = CaptureReader(r"^(?P<camera>(?P<bucket>[^/]+)/[^/]+)/", {"north/yard": BERLIN}, ZoneInfo("UTC"))
    cameras = {name: reader.camera_of(ObjectUri(name, DEMO_KEY)) for name in ("north", "south")}
    assert {"north": "north/yard", "south": "south/yard"} == cameras


def test_the_capture_day_is_the_cameras_not_the_worlds():
    assert "2026-07-02" == captured("roof/x.jpg", "2026-07-01T23:30:15Z").day


def test_a_camera_without_a_time_zone_of_its_own_has_the_default_one():
    assert ("2026-07-01T23:30:15+00:00", "key") == shown(captured(DEMO_KEY.replace("yard", "gate", 1)))


@pytest.mark.parametrize(
    ("key", "camera"),
    [
        ("gate/a.jpg", "gate"),
        ("gate 2/a/b/c.jpg", "gate 2"),
        ("gäte'\"\\/a.jpg", "gäte'\"\\"),
        ("gate\n🎥/a\nb.jpg", "gate\n🎥"),
        ("gate//a.jpg", "gate"),
        ("g" * 255 + "/a", "g" * 255),
    ],
)
def test_the_camera_is_the_first_folder(key, camera):
    assert camera == captured(key).camera


@pytest.mark.parametrize("key", ["a.jpg", "/a.jpg", "MDAlarm_20260701-233015.jpg"])
def test_a_key_without_a_camera_is_refused(key):
    with pytest.raises(UnreadableKey, match="must begin with the camera's name and a slash") as raised:
        captured(key)
    assert f"s3://cameras/{key}" == raised.value.subject


@pytest.mark.parametrize("camera", ["g" * 256, "ä" * 128, "g" * 1022])
def test_a_camera_whose_name_is_too_long_is_refused(camera):
    with pytest.raises(UnreadableKey, match="must have at most 255 bytes"):
        captured(f"{camera}/a.jpg")


EXIF = encoded(noise(), "JPEG", exif=exif_of("2026:06:05 04:03:02"))
EXIF_WITH_OFFSET = encoded(noise(), "JPEG", exif=exif_of("2026:06:05 04:03:02", "-05:00"))


def test_the_sources_are_asked_in_order_and_the_first_that_is_believed_is_named():
    said = "2026-06-01T00:00:00Z"
    assert ["key", "metadata", "exif", "last_modified"] == [
        captured(DEMO_KEY, said, EXIF).source,
        captured("yard/a.jpg", said, EXIF).source,
        captured("yard/a.jpg", None, EXIF).source,
        captured("yard/a.jpg", None, TIMELESS).source,
    ]


def test_the_time_of_storing_is_told_in_the_cameras_zone():
    assert ("2026-10-26T13:00:00+01:00", "last_modified") == shown(captured("yard/a.jpg"))


def test_exif_without_an_offset_is_on_the_cameras_clock():
    assert ("2026-06-05T04:03:02+02:00", "exif") == shown(captured("yard/a.jpg", data=EXIF))


def test_exif_with_an_offset_is_that_instant_in_the_cameras_zone():
    assert ("2026-06-05T11:03:02+02:00", "exif") == shown(captured("yard/a.jpg", data=EXIF_WITH_OFFSET))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("1782937815", "2026-07-01T22:30:15+02:00"),
        ("1782937815123", "2026-07-01T22:30:15.123000+02:00"),
        ("1782937815.5", "2026-07-01T22:30:15.500000+02:00"),
        (" 1782937815 ", "2026-07-01T22:30:15+02:00"),
        ("2026-07-01T20:30:15Z", "2026-07-01T22:30:15+02:00"),
        ("2026-07-01T20:30:15.25+00:00", "2026-07-01T22:30:15.250000+02:00"),
        ("2026-07-01 22:30:15", "2026-07-01T22:30:15+02:00"),
        ("20260701T203015Z", "2026-07-01T22:30:15+02:00"),
        ("2026-07-01T15:30:15-05:00", "2026-07-01T22:30:15+02:00"),
    ],
)
def test_metadata_says_an_instant_in_seconds_milliseconds_or_iso_form(said, expected):
    assert (expected, "metadata") == shown(captured("yard/a.jpg", said))


@pytest.mark.parametrize(
    "said",
    ["", "now", "2026-07-01", "20260701", "2026-W27-3", "2026-02-30T00:00:00Z", "-1782937815", "9" * 400, "1e9", "١٢٣"],
)
def test_metadata_that_says_no_instant_leaves_the_word_to_exif(said):
    assert "exif" == captured("yard/a.jpg", said, EXIF).source


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("1989-12-31T23:59:59Z", "exif"),
        ("1990-01-01T00:00:00Z", "metadata"),
        ("0", "exif"),
        ("2026-10-27T12:00:00Z", "metadata"),
        ("2026-10-27T12:00:01Z", "exif"),
        ("9999-12-31T23:59:59-23:59", "exif"),
        ("0001-01-01T00:00:00+23:59", "exif"),
    ],
)
def test_a_clock_that_was_never_set_or_runs_ahead_is_not_believed(said, source):
    assert source == captured("yard/a.jpg", said, EXIF).source


@pytest.mark.parametrize("stamp", ["19700101-000000", "20261028-120000", "20260230-120000", "20260701-250000"])
def test_a_key_whose_time_is_not_believed_still_names_the_camera(stamp):
    capture = captured(f"yard/MDAlarm_{stamp}.jpg", data=EXIF)
    assert ("yard", "exif") == (capture.camera, capture.source)


def exif_picture(taken: str, offset: str | None = None) -> bytes:
    return encoded(noise(), "JPEG", exif=exif_of(taken, offset))


@pytest.mark.parametrize("offset", ["   :  ", "+  :  ", "CEST"])
def test_a_bad_offset_does_not_throw_a_good_time_away(offset):
    capture = captured("yard/a.jpg", data=exif_picture("2026:06:05 04:03:02", offset))
    assert ("2026-06-05T04:03:02+02:00", "exif") == shown(capture)
    assert (f"the offset {offset!r} of DateTimeOriginal is no UTC offset",) == capture.ignored


@pytest.mark.parametrize(
    ("key", "said", "data", "ignored"),
    [
        ("yard/a.jpg", None, TIMELESS, ()),
        ("yard/a.jpg", "soon", TIMELESS, ("capture-time 'soon' is no time",)),
        ("yard/MDAlarm_20260230-120000.jpg", None, TIMELESS, ("the key's time is no time",)),
        ("yard/MDAlarm_19700101-000000.jpg", None, TIMELESS, ("the key's time 1970-01-01 00:00:00 is before 1990",)),
        ("yard/a.jpg", "2027-01-01 10:00", TIMELESS, ("capture-time 2027-01-01 10:00:00 is after the upload",)),
        (
            "yard/a.jpg",
            None,
            exif_picture("0000:00:00 00:00:00"),
            ("DateTimeOriginal '0000:00:00 00:00:00' is no time",),
        ),
    ],
)
def test_what_is_ignored_is_said(key, said, data, ignored):
    capture = captured(key, said, data)
    assert ("last_modified", ignored) == (capture.source, capture.ignored)


def test_notes_are_few_and_short():
    exif = encoded(noise(), "JPEG", exif=exif_of("x" * 5_000))
    ignored = captured("yard/MDAlarm_20260230-120000.jpg", "y" * 2_000, exif).ignored
    assert (3, True) == (len(ignored), sum(map(len, ignored)) < 300)


@pytest.mark.parametrize("said", ["2026:06:05 04:03:02", "2026/06/05 04:03:02", "20260605040302", "2026-06-05 4:03:02"])
def test_metadata_is_read_in_the_spellings_of_cameras_too(said):
    assert ("2026-06-05T04:03:02+02:00", "metadata") == shown(captured("yard/a.jpg", said))


def test_exif_that_is_damaged_leaves_the_time_of_storing():
    damaged = encoded(noise(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert "last_modified" == captured("yard/a.jpg", data=damaged).source


def test_an_hour_that_the_clock_shows_twice_is_taken_as_the_first():
    assert "2026-10-25T02:30:00+02:00" == shown(captured("yard/MDAlarm_20261025-023000.jpg"))[0]


def test_an_hour_that_the_clock_skipped_is_moved_forward():
    assert "2026-03-29T03:30:00+02:00" == shown(captured("yard/MDAlarm_20260329-023000.jpg"))[0]


def test_the_second_hour_is_told_apart_by_an_instant():
    assert "2026-10-25T02:30:00+01:00" == shown(captured("yard/a.jpg", "2026-10-25T01:30:00Z"))[0]


def test_a_pattern_of_ones_own_finds_camera_and_time_anywhere():
    pattern = (
        r"cam-(?P<camera>\w+)_(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})_(?P<hour>\d\d)(?P<minute>\d\d)\.png$"
    )
    capture = CaptureReader(pattern, {}, KATHMANDU)(head("in/cam-gate_01.07.2026_0915.png"), TIMELESS)
    assert ("gate", "2026-07-01T09:15:00+05:45", "key") == (capture.camera, *shown(capture))


@pytest.mark.parametrize("number", ["1782937815", "1782937815000"])
def test_a_pattern_may_find_an_instant_in_seconds_or_milliseconds(number):
    reads = CaptureReader(r"^(?P<camera>[^/]+)/(?P<epoch>\d+)", {"yard": BERLIN}, BERLIN)
    assert ("2026-07-01T22:30:15+02:00", "key") == shown(reads(head(f"yard/{number}.jpg"), TIMELESS))


def test_a_pattern_may_leave_the_time_to_others():
    reads = CaptureReader(r"^(?P<camera>[^/]+)/", {}, BERLIN)
    assert "exif" == reads(head(DEMO_KEY), EXIF).source


def test_a_pattern_whose_camera_is_empty_refuses_the_key():
    with pytest.raises(UnreadableKey):
        CaptureReader(r"^(?P<camera>[a-z]*)", {}, BERLIN)(head("1.jpg"), TIMELESS)


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("(?P<camera>", "must be a regular expression"),
        ("^[^/]+/", "must name the group camera"),
        ("(?P<camera>.)(?P<zone>.)", "and no others than bucket, camera, day, epoch"),
        ("(?P<camera>.)(?P<year>.)", "must name year, month, day, hour, minute where it names one of them"),
        ("(?P<camera>.)(?P<second>.)", "must name year, month, day, hour, minute where it names one of them"),
    ],
)
def test_a_pattern_that_can_not_work_is_refused_at_start(pattern, rule):
    with pytest.raises(ConfigurationError, match=rule):
        CaptureReader(pattern, {}, BERLIN)


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2026, 10, 26)),  # noqa: DTZ001 - what a camera's clock shows
    st.sampled_from([BERLIN, KATHMANDU, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_a_time_on_the_cameras_clock_becomes_an_instant_that_exists(clock, zone):
    reads = CaptureReader(DEFAULT_KEY_PATTERN, {}, zone)
    taken_at = reads(head(f"yard/MDAlarm_{clock:%Y%m%d-%H%M%S}.jpg"), TIMELESS).taken_at
    shift = taken_at.replace(tzinfo=None) - clock.replace(microsecond=0)
    assert taken_at == taken_at.astimezone(UTC).astimezone(zone)
    assert timedelta(0) <= shift <= timedelta(hours=1)


@given(
    st.text("aé/🎥\n_-019MDAlarm", min_size=1, max_size=60), st.text("019.-:TZ+W ", max_size=40), st.binary(max_size=60)
)
def test_any_key_metadata_and_bytes_give_a_capture_or_an_unreadable_key(key, said, data):
    try:
        capture = captured(key, said, b"\xff\xd8\xff" + data)
    except UnreadableKey:
        assert key.startswith("/") or "/" not in key
    else:
        assert (key.split("/")[0], True) == (capture.camera, capture.taken_at.tzinfo is not None)
