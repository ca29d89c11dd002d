"""Which capture times come from a clock that was probably wrong: reset by a power cut, or set to another year.

An old time alone is no reason to doubt: archives are uploaded years later. So a time is compared with its upload and
with the camera's other images. A doubtful time is kept as it is, and marked.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock

from sightline.models.images import Capture
from sightline.storage.images.protocol import ImageStore

AHEAD = timedelta(minutes=5)
"""How far a camera's clock may be ahead of S3's."""

LATE = timedelta(days=1)
"""An image uploaded sooner than this after it was taken is in time."""

START_LASTS = timedelta(days=2)
"""How long a clock that was reset to the first of January shows its first days before somebody may set it."""

RESET_LATE = timedelta(days=30)

SAME_PACE = timedelta(minutes=2)
APART = timedelta(minutes=1)
NEAR = timedelta(days=7)
"""How long before or after an upload the camera's other uploads are its neighbours."""

CAMERAS_REMEMBERED = 5_000
REMEMBERED = 8
READ = 20
"""How many images of a day are read to find neighbours."""

READ_CLOCK = {"key", "metadata", "exif"}
"""Sources that may come from a camera's own clock."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """When an image was taken by its camera's clock, and when it was uploaded."""

    taken_at: datetime
    uploaded_at: datetime

    @property
    def late(self) -> timedelta:
        """Return how long after it was taken the image was uploaded."""
        return self.uploaded_at - self.taken_at


def doubt_of(seen: Sighting, neighbours: Iterable[Sighting]) -> str:
    """Return why the clock was probably wrong; empty if nothing speaks against it."""
    if seen.late < -AHEAD:
        return "ahead of its upload"
    if seen.late <= LATE:
        return ""
    return _doubt_of_late(seen, [each for each in neighbours if abs(each.uploaded_at - seen.uploaded_at) <= NEAR])


def _doubt_of_late(seen: Sighting, others: list[Sighting]) -> str:
    late = [other for other in others if other.late > LATE]
    if any(_is_archive(seen, other) for other in late):
        return ""
    if any(-AHEAD <= other.late <= LATE and seen.taken_at < other.taken_at - LATE for other in others):
        return "behind the camera's other images"
    if any(_has_same_pace(seen, other) for other in late):
        return "behind its uploads by the same time as the camera's other images"
    if seen.late > RESET_LATE and _is_start(seen.taken_at):
        return "at a date that clocks start from"
    return ""


def _is_archive(seen: Sighting, other: Sighting) -> bool:
    """Return whether days of capture times were uploaded in a shorter time: files that had been kept."""
    return abs(seen.taken_at - other.taken_at) > abs(seen.uploaded_at - other.uploaded_at) + LATE


def _has_same_pace(seen: Sighting, other: Sighting) -> bool:
    apart = abs(seen.uploaded_at - other.uploaded_at)
    return apart >= APART and abs(seen.late - other.late) <= SAME_PACE


def _is_start(taken_at: datetime) -> bool:
    """Return whether a year has just begun, by the camera's clock, or by UTC where the clock starts at its midnight."""
    return any(
        at.replace(tzinfo=None) - datetime(at.year, 1, 1) < START_LASTS  # noqa: DTZ001 - the clock's own
        for at in (taken_at, taken_at.astimezone(UTC))
    )


@dataclass(slots=True)
class ClockDoubts:
    """Compares each image with the last ones of its camera. Threads share one; it remembers what this process saw."""

    images: ImageStore
    _seen: "OrderedDict[str, OrderedDict[str, Sighting]]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, image_id: str, capture: Capture, uploaded_at: datetime) -> str:
        """Return why the image's time is doubtful; empty if it is not."""
        if capture.source not in READ_CLOCK:
            return ""
        seen = Sighting(capture.taken_at, uploaded_at)
        known = self._note(image_id, capture.camera, seen)
        if seen.late > LATE and not known:
            known = self._read(image_id, capture, uploaded_at)
        return doubt_of(seen, known)

    def _note(self, image_id: str, camera: str, seen: Sighting) -> list[Sighting]:
        """Remember a sighting; return those that were remembered of other images."""
        with self._lock:
            of_camera = self._seen.setdefault(camera, OrderedDict())
            of_camera.pop(image_id, None)
            known = [*of_camera.values()]
            of_camera[image_id] = seen
            self._seen.move_to_end(camera)
            while len(of_camera) > REMEMBERED:
                of_camera.popitem(last=False)
            while len(self._seen) > CAMERAS_REMEMBERED:
                self._seen.popitem(last=False)
        return known

    def _read(self, image_id: str, capture: Capture, uploaded_at: datetime) -> list[Sighting]:
        """Return the camera's images of the day of the upload and of the day that its clock shows."""
        zone = capture.taken_at.tzinfo or UTC
        days = {uploaded_at.astimezone(zone).date().isoformat(), capture.day}
        return [
            Sighting(each.capture.taken_at, each.uploaded_at)
            for day in sorted(days)
            for each in islice(self.images.by_day(capture.camera, day), READ)
            if each.uploaded_at and each.image_id != image_id and each.capture.source in READ_CLOCK
        ]
