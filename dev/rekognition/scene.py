"""Light and colours of a picture: of all of it, of the people in it, and of the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dev.rekognition.colours import Colour, main_colours
from dev.rekognition.light import Light, light_of
from dev.rekognition.picture import Picture, reduce_to
from sightline.models.answers import Box

MOST_COLOURS = 20
_LONGEST_PIXELS = 640


@dataclass(frozen=True, slots=True)
class Region:
    """Light and main colours of a part of the picture."""

    light: Light
    colours: tuple[Colour, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole picture; foreground and background if they can be told apart."""

    whole: Region
    foreground: Region | None
    background: Region | None


def measure_scene(picture: Picture, boxes: tuple[Box, ...]) -> Scene:
    """Measure `picture`; the foreground is what is in `boxes`."""
    reduced = reduce_to(picture, _LONGEST_PIXELS)
    inside = [_mask(reduced, box) for box in boxes]
    front = np.any(inside, axis=0) if inside else np.zeros(reduced.shape[:2], dtype=np.bool_)
    tells_apart = bool(front.any()) and not bool(front.all())
    return Scene(
        whole=_region(reduced, np.ones_like(front)),
        foreground=_region(reduced, front) if tells_apart else None,
        background=_region(reduced, ~front) if tells_apart else None,
    )


def _mask(picture: Picture, box: Box) -> NDArray[np.bool_]:
    tall, wide = picture.shape[:2]
    mask = np.zeros((tall, wide), dtype=np.bool_)
    left, right = int(box.left * wide), round((box.left + box.width) * wide)
    top, bottom = int(box.top * tall), round((box.top + box.height) * tall)
    mask[top:bottom, left:right] = True
    return mask


def _region(picture: Picture, mask: NDArray[np.bool_]) -> Region:
    return Region(light_of(picture, mask), main_colours(picture[mask], MOST_COLOURS))
