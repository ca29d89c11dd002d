"""Which camera took a picture, and when: by its key, its object's metadata, its EXIF, or when it was stored.

A time is believed if it is not before 1990 (a camera without a clock) and not more than a day after the object was
stored (a clock that runs ahead); otherwise the next source is asked. Of the hour that a clock shows twice the first one
is taken (`fold=0`); a time that a clock skipped is moved forward by what was skipped.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sightline.errors import ConfigurationError, UnreadableKey
from sightline.models.images import Capture
from sightline.rekognition.exif import exif_time
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
_GROUPS = {"camera", "epoch", "second", *_REQUIRED}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=1)

_FIRST_MILLISECONDS = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: from here on a number counts milliseconds."""

_LONGEST_DATE = len("2026-W07-3")
"""An ISO text no longer than this is a date without a time, and no instant."""


class CaptureReader:
    """Reads a capture.

    key_pattern: regular expression with the named groups `camera` and, for the time, either `year`, `month`, `day`,
    `hour`, `minute` and perhaps `second` on the camera's clock, or `epoch` (seconds or milliseconds)
    time_zones: camera → its time zone; `default_zone` is that of the others
    """

    def __init__(self, key_pattern: str, time_zones: Mapping[str, ZoneInfo], default_zone: ZoneInfo) -> None:
        self._pattern = _compile(key_pattern)
        self._time_zones = time_zones
        self._default_zone = default_zone

    def __call__(self, head: ObjectHead, data: bytes) -> Capture:
        """Return which camera took the picture, and when in its time. Raise UnreadableKey if the key names none."""
        found = self._search(head.uri)
        camera = found["camera"]
        zone = self._time_zones.get(camera, self._default_zone)
        for source, read in _sources(found.groupdict(), head, data):
            taken_at = _instant(read, zone)
            if taken_at and EARLIEST <= taken_at <= head.last_modified + MOST_AHEAD:
                return Capture(camera, taken_at, source)
        return Capture(camera, head.last_modified.astimezone(zone), "last_modified")

    def camera_of(self, uri: ObjectUri) -> str:
        """Return which camera a key names; raise UnreadableKey if it names none."""
        return str(self._search(uri)["camera"])

    def _search(self, uri: ObjectUri) -> re.Match[str]:
        found = self._pattern.search(uri.key)
        if not found or not found["camera"]:
            raise UnreadableKey(str(uri))
        return found


def _compile(key_pattern: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(key_pattern, re.DOTALL)
    except re.error as error:
        raise _bad_pattern(key_pattern, f"must be a regular expression ({error})") from error
    groups = set(pattern.groupindex)
    if "camera" not in groups or groups - _GROUPS:
        raise _bad_pattern(key_pattern, f"must name the group camera, and no others than {', '.join(sorted(_GROUPS))}")
    if (groups - {"camera", "epoch"}) and not groups.issuperset(_REQUIRED):
        raise _bad_pattern(key_pattern, f"must name {', '.join(_REQUIRED)} where it names one of them")
    return pattern


def _bad_pattern(key_pattern: str, must: str) -> ConfigurationError:
    return ConfigurationError(key_pattern, rule=f"the key pattern {must}", remedy="Correct SIGHTLINE_KEY_PATTERN")


_Read = Callable[[], datetime | None]


def _sources(groups: Mapping[str, str | None], head: ObjectHead, data: bytes) -> Iterator[tuple[str, _Read]]:
    yield "key", lambda: _from_key(groups)
    yield "metadata", lambda: _from_text(head.metadata.get(METADATA_KEY, ""))
    yield "exif", lambda: exif_time(data)


def _instant(read: _Read, zone: ZoneInfo) -> datetime | None:
    """Return what a source says in the camera's zone; None if it says nothing, or nothing that is a time."""
    try:
        said = read()
        # Through UTC and back: only so does a time that the clock skipped become one that exists
        return said and (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)
    except (ValueError, OverflowError, struct.error):
        return None


def _from_key(groups: Mapping[str, str | None]) -> datetime | None:
    if groups.get("epoch"):
        return from_epoch(groups["epoch"] or "")
    if not groups.get("year"):
        return None
    year, month, day, hour, minute = (int(groups[name] or "") for name in _REQUIRED)
    second = int(groups.get("second") or 0)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - on the camera's clock


def _from_text(text: str) -> datetime | None:
    said = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", said):
        return from_epoch(said)
    return datetime.fromisoformat(said) if len(said) > _LONGEST_DATE else None


def from_epoch(number: str) -> datetime:
    """Return the instant of a number of seconds or milliseconds; raise ValueError or OverflowError if it is none."""
    count = float(number)
    return _EPOCH + timedelta(seconds=count / 1000 if count >= _FIRST_MILLISECONDS else count)
