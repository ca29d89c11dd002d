"""People and things by nanodet, and faces by the network for faces: on the whole picture, squares of it, and heads."""

from functools import cache
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dev.rekognition import confidence
from dev.rekognition.bodies import FACES, Searches, apart, distinct, face_side, faces_of, within
from dev.rekognition.kinds import COCO
from dev.rekognition.nanodet import Nanodet, Thing
from dev.rekognition.picture import Picture
from dev.rekognition.seen import Seen
from dev.rekognition.ssd import Ssd, Tile, cover
from sightline.models.answers import Detection

_PERSON = "Person"
_LEAST_PERCENT = 40
"""Of a thing. Below it, things of the wrong kind are as frequent as others."""


def _least(name: str | None) -> float:
    """Return the least log-odds of a kind. A kind without a name is never answered."""
    if name is None:
        return inf
    return confidence.PEOPLE_OF_NANODET.faintest if name == _PERSON else confidence.THINGS.logit(_LEAST_PERCENT)


_LEAST_LOGITS = np.array([_least(name) for name in COCO], np.float32)

_MOST_TILES = 3.0
_MOST_HEADS = 3
_NARROWEST_PIXELS = 48


class FindsThings(Protocol):
    """A network that is loaded, and finds people and things."""

    def look(self, picture: Picture, least_logits: NDArray[np.float32]) -> list[Thing]:
        """Find what scores at least the log-odds of its kind, the most certain first."""
        ...


@cache
def nanodet(folder: Path) -> Nanodet:
    """Load the network once in each process."""
    return Nanodet(folder)


@cache
def face_network(folder: Path) -> Ssd:
    """Load the network once in each process."""
    return Ssd(FACES, folder)


def find_objects(picture: Picture, things: FindsThings, faces: Searches) -> Seen:
    """Find people, faces and things, the most certain first."""
    found = things.look(picture, _LEAST_LOGITS)
    people = [each for each in found if each.name == _PERSON]
    tiles = [*cover(picture, _MOST_TILES), *distinct(_head(each, picture) for each in people[:_MOST_HEADS])]
    seen = [face for tile in tiles for face in faces.look(picture, tile, confidence.FACES.faintest)]
    return Seen(
        within(_detection(each, confidence.PEOPLE_OF_NANODET, picture) for each in people),
        faces_of(apart(seen, lambda face: face.centre, face_side), picture),
        within(_detection(each, confidence.THINGS, picture) for each in found if each.name != _PERSON),
    )


def _detection(thing: Thing, curve: confidence.Curve, picture: Picture) -> Detection:
    return Detection(thing.name or "", curve.percent(thing.logit), thing.box(picture))


def _head(person: Thing, picture: Picture) -> Tile:
    """Return a square around the upper half of a person, moved into the picture."""
    height, width = picture.shape[:2]
    left, top, right, bottom = person.edges
    side = round(min(max((bottom - top) / 2, right - left, _NARROWEST_PIXELS), width, height))
    across, down = round((left + right - side) / 2), round(top - side / 8)
    return Tile(min(max(across, 0), width - side), min(max(down, 0), height - side), side, side)
