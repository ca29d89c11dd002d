"""The days that cameras have pictures of, and a page of one day's pictures."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sightline.models.images import CameraDay, Capture, ImageSummary
from sightline.storage.images.keys import day_position
from sightline.storage.images.protocol import DayPart
from sightline.storage.side_by_side import read_first
from sightline.web.console import Console

ALL = ""
BEGUN = 100
"""Pictures of all cameras together that are read at first: somewhat more than the visits of most pages have.

What a page needs besides is read in growing steps: to read a picture costs about as much as to show it.
"""

BEGUN_AMONG = 450
"""The same where only some are listed: nine cameras' pages of what each fifth picture shows end before it.

A second step costs another request for a camera, and reads too many.
"""


def known_days(console: Console) -> dict[str, list[str]]:
    """Return each camera's days, the newest first. Kept for a minute: it is on every page."""
    return console.known_days.of(ALL, lambda: _known_days(console))


def _known_days(console: Console) -> dict[str, list[str]]:
    days: dict[str, list[str]] = {}
    for each in console.services.operations.dirty_days.known():
        days.setdefault(each.camera, []).append(each.day)
    return {camera: sorted(days[camera], reverse=True) for camera in sorted(days)}


def newest_day(days: dict[str, list[str]], camera: str | None) -> str | None:
    """Return the last day of a camera, or of all."""
    if camera is not None:
        return next(iter(days.get(camera, ())), None)
    return max((each[0] for each in days.values() if each), default=None)


@dataclass(frozen=True, slots=True)
class Placed:
    """An image and its place in its day."""

    position: str
    image: ImageSummary


def pictures_of(
    day: str,
    cameras: Iterable[str],
    console: Console,
    before: str | None = None,
    begun: int = BEGUN,
    features: tuple[str, ...] | None = None,
) -> Iterator[Placed]:
    """Return the pictures of a day, the newest first, of all these cameras together.

    before: from this place on; begun: how many are read at first; features: those whose results are read; None: all.
    Places of a day begin with the instant, so they order the pictures of all cameras.
    """
    names = list(cameras)
    page = max(begun // max(len(names), 1), 2)
    part = DayPart(before=before, newest_first=True, page=page, features=features)
    found = console.services.images.by_days([CameraDay(name, day) for name in names], part)
    days = console.reads.map(lambda images: read_first(map(_placed, images)), found.values())
    yield from heapq.merge(*days, key=lambda each: (each.position, each.image.capture.camera), reverse=True)


def beside(image_id: str, capture: Capture, console: Console, *, is_later: bool) -> str | None:
    """Return the image of the same camera just before or just after this one, on its day; None if there is none."""
    position = day_position(image_id, capture)
    part = DayPart(after=position, page=1) if is_later else DayPart(before=position, newest_first=True, page=1)
    found = console.services.images.by_day(capture.camera, capture.day, part)
    return next((each.image_id for each in found), None)


def _placed(image: ImageSummary) -> Placed:
    return Placed(day_position(image.image_id, image.capture), image)
