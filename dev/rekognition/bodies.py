"""People and faces by two networks, in one pass over a picture: the whole, squares of it, and second looks.

The first look covers the picture. Uncertain finds get a second look, at the scale that the network was trained for:
this lowers the score of leaves and shelves, and raises that of distant people.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np

from dev.rekognition import confidence
from dev.rekognition.light import light_of
from dev.rekognition.picture import Picture, box_of
from dev.rekognition.seen import Seen
from dev.rekognition.ssd import Network, Points, Sighting, Ssd, Tile, cover
from sightline.models.answers import Box, Detection

PEOPLE = Network("pose_detection.tflite", 224, ((28, 2), (14, 2), (7, 6)), points=4)
"""Points: the middle of the hips, a point on the circle around the body, the same of shoulders and upper body."""

FACES = Network("face_detection_full_range_sparse.tflite", 192, ((48, 1),), points=6)
"""Points: the person's right eye, left eye, nose, mouth, right ear, left ear."""

_FAINTEST_BODY, _CLEAR_BODY = confidence.BODIES.faintest, 2.0
_POSSIBLE_BODY = -1.0
_FAINTEST_FACE = confidence.FACES.faintest
_MOST_SECOND_LOOKS = 3
_SECOND_LOOK_RADII = 4.5
_NARROWEST_PIXELS = 48
_MOST_TILES = 3.0
_SAME = 0.5
_WIDTH_OF_HEIGHT = 0.4

LANDMARKS = ("eyeLeft", "eyeRight", "nose")
"""AWS's names. Its left and right are those of the picture; the network's are those of the person."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, the most certain first."""

    bodies: Sequence[Sighting]
    faces: Sequence[Sighting]


class Searches(Protocol):
    """A network that is loaded."""

    def look(self, picture: Picture, tile: Tile, least_logit: float) -> Iterator[Sighting]:
        """Find what scores at least `least_logit` in a tile."""
        ...


class Eyes:
    """The two networks, loaded."""

    def __init__(self, people: Searches, faces: Searches) -> None:
        self._people, self._faces = people, faces

    def look(self, picture: Picture) -> Look:
        """Search everything once, and look again at uncertain finds."""
        tiles = cover(picture, _MOST_TILES)
        first = apart(_each(self._people, picture, tiles, _FAINTEST_BODY), middle, radius)
        faint = [each for each in first if each.logit < _CLEAR_BODY][:_MOST_SECOND_LOOKS]
        closer = distinct(_around(each, picture) for each in faint)
        seconds = [list(self._people.look(picture, tile, _FAINTEST_BODY)) for tile in closer]
        with_body = [tile for tile, found in zip(closer, seconds, strict=True) if _shows_a_body(found)]
        faces = _each(self._faces, picture, [*tiles, *with_body], _FAINTEST_FACE)
        bodies = apart([*first, *chain.from_iterable(seconds)], middle, radius)
        return Look(bodies, apart(faces, lambda face: face.centre, face_side))


@cache
def eyes(folder: Path) -> Eyes:
    """Load the networks once in each process."""
    return Eyes(Ssd(PEOPLE, folder), Ssd(FACES, folder))


def find_bodies(picture: Picture, seeing: Eyes) -> Seen:
    """Find people and faces, the most certain first."""
    look = seeing.look(picture)
    people = (
        Detection("Person", confidence.BODIES.percent(each.logit), _body_box(each, picture)) for each in look.bodies
    )
    return Seen(within(people), faces_of(look.faces, picture))


def within(found: Iterable[Detection]) -> tuple[Detection, ...]:
    """Leave out what lies outside the picture: in the black border of a network's input."""
    return tuple(each for each in found if each.box and each.box.width > 0 and each.box.height > 0)


def _body_box(body: Sighting, picture: Picture) -> Box:
    """Return the box around a body as tall as its circle, leaning as it leans."""
    along = body.points[1] - body.points[0]
    across = np.array([-along[1], along[0]]) * _WIDTH_OF_HEIGHT
    reach = np.maximum(np.abs(along), np.abs(across))
    left, top = body.points[0] - reach
    return box_of(left, top, 2 * reach[0], 2 * reach[1], picture)


def faces_of(faces: Iterable[Sighting], picture: Picture) -> tuple[Detection, ...]:
    """Return faces as they are answered."""
    return within(_face(each, picture) for each in faces)


def _face(face: Sighting, picture: Picture) -> Detection:
    """Return box, landmarks and light of a face. The person's right eye is on the left of the picture."""
    height, width = picture.shape[:2]
    (left_edge, top_edge), (wide, high) = face.centre - face.size / 2, face.size
    box = box_of(left_edge, top_edge, wide, high, picture)
    rows, columns = _pixels(box.top, box.height, height), _pixels(box.left, box.width, width)
    light = light_of(picture[rows, columns])
    right, left, nose = face.points[:3]
    marks = {
        name: (float(x / width), float(y / height)) for name, (x, y) in zip(LANDMARKS, (right, left, nose), strict=True)
    }
    roll = float(np.degrees(np.arctan2(*(left - right)[::-1])))
    quality = {"brightness": light.brightness, "sharpness": light.sharpness}
    return Detection(
        "Face", confidence.FACES.percent(face.logit), box, {"quality": quality, "landmarks": marks, "roll": roll}
    )


def _pixels(start: float, share: float, length: int) -> slice:
    """Return the pixels of a side of a box, at least one."""
    first = min(round(start * length), length - 1)
    return slice(first, max(round((start + share) * length), first + 1))


def middle(body: Sighting) -> Points:
    """Return the centre of the trunk."""
    return np.asarray((body.points[0] + body.points[2]) / 2)


def radius(body: Sighting) -> float:
    """Return the radius of the circle around the body, in pixels."""
    return float(np.hypot(*(body.points[1] - body.points[0])))


def face_side(face: Sighting) -> float:
    """Return the longer side of a face's box, in pixels."""
    return float(max(face.size))


def apart(
    seen: Iterable[Sighting], place: Callable[[Sighting], Points], reach: Callable[[Sighting], float]
) -> list[Sighting]:
    """Keep the most certain of duplicates: those nearer to each other than half the reach of either."""
    rest = sorted(seen, key=lambda each: -each.logit)
    places = np.array([place(each) for each in rest]).reshape(-1, 2)
    reaches = np.array([reach(each) for each in rest])
    left, kept = np.arange(len(rest)), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(rest[best])
        distances = np.hypot(*(places[left] - places[best]).T)
        left = left[distances > _SAME * np.maximum(reaches[left], reaches[best])]
    return kept


def _each(network: Searches, picture: Picture, tiles: Iterable[Tile], least_logit: float) -> list[Sighting]:
    return [found for tile in tiles for found in network.look(picture, tile, least_logit)]


def distinct(tiles: Iterable[Tile]) -> list[Tile]:
    """Leave out each tile that shares most of its area with one before it: it would show the same again."""
    kept: list[Tile] = []
    for tile in tiles:
        if all(tile.likeness(other) <= _SAME for other in kept):
            kept.append(tile)
    return kept


def _shows_a_body(found: Sequence[Sighting]) -> bool:
    """Return whether a second look leaves a body possible. Where it does not, no face was ever found."""
    return any(each.logit >= _POSSIBLE_BODY for each in found)


def _around(body: Sighting, picture: Picture) -> Tile:
    """Return the square in which the body has the best size for the network, moved into the picture."""
    height, width = picture.shape[:2]
    side = round(min(max(_SECOND_LOOK_RADII * radius(body), _NARROWEST_PIXELS), width, height))
    left, top = (round(each - side / 2) for each in middle(body))
    return Tile(min(max(left, 0), width - side), min(max(top, 0), height - side), side, side)
