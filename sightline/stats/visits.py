"""Visits: the pictures that one camera took shortly after one another. They are the unit in which people look."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sightline.models.images import Capture

MOST_IN_A_VISIT = 200
"""A camera that never rests would make one visit of its whole day."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One picture. certainty: of its most certain finding; 0 if there is none, or none may be shown."""

    image_id: str
    capture: Capture
    certainty: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """Pictures of one camera in order of capture; at least one."""

    pictures: tuple[Glimpse, ...]

    @property
    def camera(self) -> str:
        """Return the camera."""
        return self.pictures[0].capture.camera

    @property
    def first(self) -> Glimpse:
        """Return the earliest picture."""
        return self.pictures[0]

    @property
    def last(self) -> Glimpse:
        """Return the latest picture."""
        return self.pictures[-1]

    @property
    def cover(self) -> Glimpse:
        """Return the picture with the most certain finding, and the earliest of several."""
        return max(self.pictures, key=lambda each: each.certainty)


def visits(pictures: Iterable[Glimpse], gap: timedelta, most: int = MOST_IN_A_VISIT) -> list[Visit]:
    """Return the visits, those that ended last first. Pictures of a camera at most `gap` apart belong together.

    The order in which pictures are passed does not matter.
    """
    by_camera: dict[str, list[Glimpse]] = {}
    for each in pictures:
        by_camera.setdefault(each.capture.camera, []).append(each)
    found = [Visit(run) for taken in by_camera.values() for run in _runs(sorted(taken, key=_place), gap, most)]
    return sorted(found, key=lambda visit: (*_place(visit.last), visit.camera), reverse=True)


def _runs(taken: list[Glimpse], gap: timedelta, most: int) -> Iterator[tuple[Glimpse, ...]]:
    run: list[Glimpse] = []
    for each in taken:
        if run and (each.capture.taken_at - run[-1].capture.taken_at > gap or len(run) == most):
            yield tuple(run)
            run = []
        run.append(each)
    if run:
        yield tuple(run)


def _place(each: Glimpse) -> tuple[datetime, str]:
    return each.capture.taken_at, each.image_id


class Begun:
    """Counts the visits of pictures that are passed from the newest to the oldest, one by one."""

    def __init__(self, gap: timedelta, most: int = MOST_IN_A_VISIT) -> None:
        self._gap, self._most = gap, most
        self._open: dict[str, tuple[datetime, int]] = {}
        self.number = 0

    def is_another(self, capture: Capture) -> bool:
        """Return whether this picture belongs to none of the visits so far."""
        if capture.camera not in self._open:
            return True
        earliest, pictures = self._open[capture.camera]
        return earliest - capture.taken_at > self._gap or pictures == self._most

    def add(self, capture: Capture) -> None:
        """Count a picture."""
        if self.is_another(capture):
            self.number += 1
            self._open[capture.camera] = (capture.taken_at, 1)
        else:
            _, pictures = self._open[capture.camera]
            self._open[capture.camera] = (capture.taken_at, pictures + 1)
