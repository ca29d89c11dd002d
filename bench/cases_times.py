"""Cases of capture times: what cameras write into their pictures, and what becomes of a time afterwards."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from bench.cases_outcome import Case, Seen
from bench.cases_pictures import jpeg
from dev.demo.uploads import BUCKET, folder_uploads, upload_all
from sightline.models.images import UPLOAD_TIME, Capture, ImageRow
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.services.rollups.figures import day_from_json
from sightline.services.rollups.run import RollUp
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import FakeSightline, picture

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TAKEN = datetime(2025, 6, 15, 10, 20, 30, tzinfo=UTC)
TEXT = "2025:06:15 10:20:30"
ZEROS = "0000:00:00 00:00:00"
KEY = "s3://frames/yard/a.jpg"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

ONE_TIME: Mapping[str, Mapping[str, str]] = {
    "plain": {"original": TEXT},
    "dashes": {"original": "2025-06-15 10:20:30"},
    "a T": {"original": "2025-06-15T10:20:30"},
    "fractions": {"original": f"{TEXT}.123"},
    "two blanks": {"original": "2025:06:15  10:20:30"},
    "blank offset": {"original": TEXT, "offset": "   :  "},
    "half an offset": {"original": TEXT, "offset": "+  :  "},
    "an offset of blanks": {"original": TEXT, "offset": "      "},
    "short offset": {"original": "2025:06:15 12:20:30", "offset": "+2:00"},
    "offset without colon": {"original": "2025:06:15 12:20:30", "offset": "+0200"},
    "DateTime alone": {"changed": TEXT},
    "DateTimeDigitized alone": {"digitized": TEXT},
    "zeros beside DateTime": {"original": ZEROS, "changed": TEXT},
}
"""Spellings of TAKEN by a camera whose clock shows UTC."""

NO_TIME = (ZEROS, "1970:01:01 00:00:13", "2044:05:19 12:00:00", "soon")
"""Not set, never set, after the upload by two days, and no time at all."""


def cases() -> list[Case]:
    """Return the cases of this group."""
    return [
        Case("EXIF spellings", f"one time in {len(ONE_TIME)} spellings", "each is read", _spellings),
        Case("EXIF without a time", "tags that tell none", "the upload time, and why on the row", _no_time),
        Case("reset clock", "2000-01-01 and 2012-01-01 amid good times", "kept, and marked as doubtful", _reset),
        Case("file time", "a folder is uploaded, its files are of 2025", "no image is of the upload", _file_time),
        Case("sent again", "the same bytes uploaded a day later", "taken when they came first", _sent_again),
        Case("moved day", "a key is overwritten the next day", "the day that it left counts it no more", _moved_day),
        Case("zone set later", "a time zone is set, the image is added again", "its camera's day", _zone_later),
    ]


def _row(world: FakeSightline, uri: str = KEY) -> ImageRow:
    row = world.images.get(uri)
    if row is None:
        raise LookupError(uri)
    return row


def _uploaded(world: FakeSightline, data: bytes, uri: str = KEY) -> Capture:
    world.put(uri, data)
    world.add(uri)
    world.run()
    capture = _row(world, uri).capture
    if capture is None:
        raise LookupError(uri)
    return capture


def _spellings() -> Seen:
    world = FakeSightline(features=("labels",))
    wrong = []
    for number, (name, tags) in enumerate(ONE_TIME.items()):
        capture = _uploaded(world, jpeg(number, **tags), f"s3://frames/yard/{number}.jpg")
        if capture.source != "exif" or capture.taken_at.replace(microsecond=0) != TAKEN:
            wrong.append(f"{name}: {capture.taken_at} by {capture.source}")
    return Seen("; ".join(wrong) or f"{len(ONE_TIME)} read", not wrong)


def _no_time() -> Seen:
    world = FakeSightline(features=("labels",))
    wrong = []
    for number, text in enumerate(NO_TIME):
        uri = f"s3://frames/yard/{number}.jpg"
        capture = _uploaded(world, jpeg(number, original=text), uri)
        uploaded_at = world.buckets.head(ObjectUri.parse(uri)).last_modified
        if (capture.source, capture.taken_at) != (UPLOAD_TIME, uploaded_at) or not capture.ignored:
            wrong.append(f"{text}: {capture.taken_at} by {capture.source}, ignored: {capture.ignored}")
    return Seen("; ".join(wrong) or f"{len(NO_TIME)} times of the upload with a reason", not wrong)


def _reset() -> Seen:
    """Each camera sends a good time, then that of its reset clock, then a good one again."""
    world = FakeSightline(features=("labels",))
    doubts = {}
    for camera, reset in (("yard", "2000:01:01 00:00:13"), ("gate", "2012:01:01 00:00:00")):
        for number, text in enumerate(("", reset, "")):
            world.clock.move(HOUR)
            data = jpeg(number, original=text or f"{world.clock() - HOUR:%Y:%m:%d %H:%M:%S}")
            capture = _uploaded(world, data, f"s3://frames/{camera}/{number}.jpg")
            doubts[f"{capture.taken_at:%Y-%m-%d}", camera, number] = bool(capture.doubt)
    doubtful = [day for (day, _, _), is_doubtful in doubts.items() if is_doubtful]
    return Seen(f"doubts {', '.join(doubtful)} of {len(doubts)} times", doubtful == ["2000-01-01", "2012-01-01"])


class _Uploads:
    """Takes what a client of S3 would upload into the buckets of a FakeSightline."""

    def __init__(self, world: FakeSightline) -> None:
        self._buckets = world.buckets
        self._buckets.create(BUCKET)

    def put_object(self, **request: Any) -> None:
        """Store the object with its metadata."""
        uri = ObjectUri(request["Bucket"], request["Key"])
        self._buckets.put_with_metadata(uri, request["Body"], request["Metadata"])


def _file_time() -> Seen:
    world = FakeSightline(features=("labels",))
    pictures = {
        "datetime": jpeg(1, changed=TEXT),
        "zeros": jpeg(2, original=ZEROS),
        "offset": jpeg(3, original=TEXT, offset="   :  "),
        "none": jpeg(4),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, data in pictures.items():
            path = Path(folder, "gate", f"{name}.jpg")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (TAKEN.timestamp(), TAKEN.timestamp()))
        s3 = cast("S3Client", _Uploads(world))
        uris = [str(each.uri) for each in upload_all(folder_uploads(Path(folder))[0], s3)]
    world.add(*uris)
    world.run()
    captures = [row.capture for uri in uris if (row := world.images.get(uri)) and row.capture]
    found = sorted(f"{each.taken_at:%Y-%m-%d %H:%M:%S} by {each.source}" for each in captures)
    return Seen(", ".join(found), [each.taken_at for each in captures] == [TAKEN] * len(pictures))


def _sent_again() -> Seen:
    world = FakeSightline(features=("labels",))
    first = _uploaded(world, picture(1))
    world.clock.move(DAY)
    again = _uploaded(world, picture(1))
    words = f"{first.taken_at}, then {again.taken_at}; calls {len(world.detector.asked)}"
    return Seen(words, first == again and len(world.detector.asked) == 1)


def _moved_day() -> Seen:
    world = FakeSightline(features=("labels",))
    day = _uploaded(world, picture(1)).camera_day
    _uploaded(world, picture(2), "s3://frames/yard/b.jpg")
    world.operations.dirty_days.mark([day])
    world.clock.move(DAY)
    RollUp(world.services).do(lambda: True)
    before = _counted(world, day.day)
    moved = _uploaded(world, picture(3)).day
    marked = day in {mark.camera_day for mark in world.operations.dirty_days.dirty(Purpose.ROLLUPS)}
    RollUp(world.services).do(lambda: True)
    after = _counted(world, day.day)
    words = f"{before} images on {day.day}, one moves to {moved}, then {after}"
    return Seen(words, (before, after, marked) == (2, 1, True) and moved != day.day)


def _counted(world: FakeSightline, day: str) -> int:
    (rollup,) = world.rollups.between("yard", "Person", 1, day, day)
    figures = cast("Mapping[str, Any]", rollup.figures["day"])
    return sum(tally.population for tally in day_from_json(figures).cell.counts.tallies.values())


def _zone_later() -> Seen:
    world = FakeSightline(features=("labels",))
    before = _uploaded(world, picture(1))
    zones = {"yard": ZoneInfo("Pacific/Kiritimati")}
    reader = CaptureReader(DEFAULT_KEY_PATTERN, zones, ZoneInfo("UTC"))
    world.services = replace(world.services, read_capture=reader)
    world.add(KEY)
    world.run()
    after = _row(world).capture
    if after is None:
        raise LookupError(KEY)
    is_right = after.taken_at == before.taken_at and after.taken_at.utcoffset() == 14 * HOUR
    return Seen(f"day {before.day}, then {after.day}, the same instant", is_right and after.day > before.day)
