"""Which camera took a picture, and when: by its key, its object's metadata, its EXIF, or when it was stored.

Of a frame of a video its own object says so, which was written when the video was read.

A time is believed if it is not before 1990 (a camera without a clock) and not more than a day after the object was
stored (a clock that runs ahead); otherwise the next source is asked, and the capture says what was ignored. Of the hour
that a clock shows twice the first one is taken (`fold=0`); a time that a clock skipped is moved forward by what was
skipped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sightline.errors import ConfigurationError, UnreadableKey
from sightline.models.images import MOVED, OF_A_VIDEO, UPLOAD_TIME, Capture, ImageRow
from sightline.names import meant
from sightline.rekognition.camera_times import read_time
from sightline.rekognition.exif import exif_times, shown
from sightline.services.frame_names import camera_of_frame, read_frame
from sightline.storage.buckets.protocol import ObjectHead, ObjectUri

DEFAULT_KEY_PATTERN = (
    r"^(?P<camera>[^/]+)/"
    r"(?:.*MDAlarm_(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"-(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2}))?"
)
"""The camera is the first folder; `MDAlarm_YYYYMMDD-HHMMSS`, anywhere after it, is the time on the camera's clock."""

METADATA_KEY = "capture-time"
"""Of an object's metadata (`x-amz-meta-capture-time`): ISO 8601, or seconds or milliseconds since the epoch."""

_REQUIRED = ("year", "month", "day", "hour", "minute")
_GROUPS = {"bucket", "camera", "epoch", "second", *_REQUIRED}

MOST_CAMERA_BYTES = 255
"""Of a camera's name in UTF-8: as long as a folder's name. Names stand in keys, and together in the rollups of all."""

CAMERAS_REMEMBERED = 4096
"""How many cameras' time zones a process keeps: finding one compares names."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=1)

_FIRST_MILLISECONDS = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: from here on a number counts milliseconds."""

_COMPACT_DIGITS = len("20260701203015")
"""So many digits are a date and a time: as milliseconds they are the year 2612."""

_MOST_IGNORED = 4
"""How many notes a row keeps: one says enough, and each entry of the index by day holds them."""

_LONGEST_DATE = len("2026-W07-3")
"""An ISO text no longer than this is a date without a time, and no instant."""


class CaptureReader:
    """Reads a capture.

    key_pattern: regular expression with the named groups `camera` and, for the time, either `year`, `month`, `day`,
    `hour`, `minute` and perhaps `second` on the camera's clock, or `epoch` (seconds or milliseconds); with a group
    `bucket` it is matched against `bucket/key` instead of the key
    time_zones: camera → its time zone; `default_zone` is that of the others
    own_bucket: where the frames of videos are; None: nowhere
    """

    def __init__(
        self,
        key_pattern: str,
        time_zones: Mapping[str, ZoneInfo],
        default_zone: ZoneInfo,
        own_bucket: str | None = None,
    ) -> None:
        self._own_bucket = own_bucket
        self._pattern = _compile(key_pattern)
        self._sees_bucket = "bucket" in self._pattern.groupindex
        self._zone_of = lru_cache(CAMERAS_REMEMBERED)(lambda camera: zone_of(camera, time_zones, default_zone))

    def __call__(self, head: ObjectHead, data: bytes) -> Capture:
        """Return which camera took the picture, and when in its time. Raise UnreadableKey if the key names none."""
        if head.uri.bucket == self._own_bucket and (frame := read_frame(head)):
            shown_at = frame.taken_at.astimezone(self._zone_of(frame.camera))
            return Capture(frame.camera, shown_at, OF_A_VIDEO, video=frame.video_id, offset_ms=frame.offset_ms)
        found = self._search(head.uri)
        camera = found["camera"]
        zone = self._zone_of(camera)
        ignored: list[str] = []
        for reading in _readings(found.groupdict(), head, data):
            ignored.extend(reading.ignored)
            taken_at = reading.said and _instant(reading.said, zone)
            if taken_at and EARLIEST <= taken_at <= head.last_modified + MOST_AHEAD:
                return Capture(camera, taken_at, reading.source, tuple(ignored[:_MOST_IGNORED]))
            if reading.said:
                ignored.append(_why_not_believed(reading, taken_at))
        return Capture(camera, head.last_modified.astimezone(zone), UPLOAD_TIME, tuple(ignored[:_MOST_IGNORED]))

    def camera_of(self, uri: ObjectUri) -> str:
        """Return which camera a key names; raise UnreadableKey if it names none."""
        if uri.bucket == self._own_bucket and (camera := camera_of_frame(uri.key)):
            return camera
        return str(self._search(uri)["camera"])

    def _search(self, uri: ObjectUri) -> re.Match[str]:
        found = self._pattern.search(f"{uri.bucket}/{uri.key}" if self._sees_bucket else uri.key)
        if not found or not found["camera"]:
            raise UnreadableKey(str(uri))
        if len(found["camera"].encode(errors="surrogatepass")) > MOST_CAMERA_BYTES:
            raise UnreadableKey(
                str(uri),
                rule=f"a camera's name must have at most {MOST_CAMERA_BYTES} bytes",
                remedy="Upload it under a shorter name, or set SIGHTLINE_KEY_PATTERN",
            )
        return found


def _compile(key_pattern: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(key_pattern, re.DOTALL)
    except re.error as error:
        raise _bad_pattern(key_pattern, f"must be a regular expression ({error})") from error
    groups = set(pattern.groupindex)
    if "camera" not in groups or groups - _GROUPS:
        raise _bad_pattern(key_pattern, f"must name the group camera, and no others than {', '.join(sorted(_GROUPS))}")
    if (groups - {"bucket", "camera", "epoch"}) and not groups.issuperset(_REQUIRED):
        raise _bad_pattern(key_pattern, f"must name {', '.join(_REQUIRED)} where it names one of them")
    return pattern


def _bad_pattern(key_pattern: str, must: str) -> ConfigurationError:
    return ConfigurationError(key_pattern, rule=f"the key pattern {must}", remedy="Correct SIGHTLINE_KEY_PATTERN")


def zone_of(camera: str, time_zones: Mapping[str, ZoneInfo], default_zone: ZoneInfo) -> ZoneInfo:
    """Return a camera's time zone. A name in the settings that looks like the camera's is meant for it."""
    named = meant(camera, time_zones)
    return default_zone if named is None else time_zones[named]


def standing_capture(row: ImageRow, read: Capture, sha256: str) -> Capture:
    """Return the capture of a row that is read again: the same bytes uploaded later were not taken later.

    A camera sends its images again after it was started, and a copy may lose the object's metadata. A time that
    `sightline clock` moved stays with the bytes whose time it was.
    """
    known = row.capture
    if known is None or row.content is None or row.content.sha256 != sha256 or known.camera != read.camera:
        return read
    in_zone = replace(known, taken_at=known.taken_at.astimezone(read.taken_at.tzinfo))
    if known.source == MOVED:
        return in_zone
    if read.source == UPLOAD_TIME and (
        known.source == "metadata" or (known.source == UPLOAD_TIME and known.taken_at < read.taken_at)
    ):
        return in_zone
    return replace(read, doubt=known.doubt) if known.taken_at == read.taken_at else read


class Reading(NamedTuple):
    """What one source says. name: what it is called in a note; ignored: what it says that is no time."""

    source: str
    name: str
    said: datetime | None
    ignored: tuple[str, ...] = ()


def _readings(groups: Mapping[str, str | None], head: ObjectHead, data: bytes) -> Iterator[Reading]:
    """Return what the sources say, the best first."""
    said = _from_key(groups)
    if said or groups.get("epoch") or groups.get("year"):
        yield Reading("key", "the key's time", said, () if said else ("the key's time is no time",))
    text = head.metadata.get(METADATA_KEY, "")
    if text:
        said = _from_text(text)
        yield Reading("metadata", METADATA_KEY, said, () if said else (f"{METADATA_KEY} {shown(text)} is no time",))
    for tag in exif_times(data):
        yield Reading("exif", tag.tag, tag.taken, tag.ignored)


def _why_not_believed(reading: Reading, taken_at: datetime | None) -> str:
    if reading.said is None:
        raise ValueError("a source that says nothing is not disbelieved")
    what = f"{reading.name} {reading.said.isoformat(sep=' ')}"
    if taken_at is None or taken_at < EARLIEST:
        return f"{what} is before {EARLIEST.year}" if reading.said.year < EARLIEST.year else f"{what} is no instant"
    return f"{what} is after the upload"


def _instant(said: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the time in the camera's zone; None if the calendar ends before it."""
    try:
        # Through UTC and back: only so does a time that the clock skipped become one that exists
        return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def _from_key(groups: Mapping[str, str | None]) -> datetime | None:
    try:
        if groups.get("epoch"):
            return from_epoch(groups["epoch"] or "")
        if not groups.get("year"):
            return None
        year, month, day, hour, minute = (int(groups[name] or "") for name in _REQUIRED)
        second = int(groups.get("second") or 0)
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - on the camera's clock
    except (ValueError, OverflowError):
        return None


def _from_text(text: str) -> datetime | None:
    said = text.strip()
    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", said):
            return read_time(said) if len(said) == _COMPACT_DIGITS else from_epoch(said)
        return read_time(said) or (datetime.fromisoformat(said) if len(said) > _LONGEST_DATE else None)
    except (ValueError, OverflowError):
        return None


def from_epoch(number: str) -> datetime:
    """Return the instant of a number of seconds or milliseconds; raise ValueError or OverflowError if it is none."""
    count = float(number)
    return _EPOCH + timedelta(seconds=count / 1000 if count >= _FIRST_MILLISECONDS else count)
