"""What the demo's cameras see: a yard with people, the same yard empty, a bush in the wind, signs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]

_LAST_FRAME_WITHOUT_HAND = 55
"""In tree.avi: a hand reaches into the picture after it."""

_EVERYBODY_FAR_AWAY = 258
"""A frame of vtest.avi with seven people, all small: a detector should miss some of the demo's people."""

_SIGNS = (
    "data/home.jpg",
    "text/scenetext_segmented_word01.jpg",
    "text/scenetext_segmented_word02.jpg",
    "text/scenetext_segmented_word03.jpg",
    "text/scenetext_segmented_word04.jpg",
    "text/scenetext_segmented_word05.jpg",
    "text/scenetext04.jpg",
    "text/scenetext05.jpg",
)
"""Photographs of a palace, whose towers look like a person, and of signs. They show nobody."""

PICKED = (f"vtest.avi#{_EVERYBODY_FAR_AWAY}", "home.jpg×1.00")
"""Sources of the frames that were chosen because a detector fails on them: not to be used for a fit."""

_MEDIAN_STEP = 15
_NOISE_DEVIATION = 2.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture that a camera took. source: the file it comes from, and its frame."""

    camera: str
    picture: Picture
    has_person: bool
    source: str


def yard(examples: Path, count: int) -> Iterator[Shot]:
    """Yield `count` frames of the yard, spread over the clip; every frame of it shows a person."""
    frames = _clip(examples / "data/vtest.avi")
    numbers = _spread(len(frames), count)
    if len(frames) > _EVERYBODY_FAR_AWAY:
        nearest = min(range(count), key=lambda index: abs(numbers[index] - _EVERYBODY_FAR_AWAY))
        numbers[nearest] = _EVERYBODY_FAR_AWAY
    for number in numbers:
        yield Shot("yard", frames[number], has_person=True, source=f"vtest.avi#{number}")


def empty_yard(examples: Path, count: int) -> Iterator[Shot]:
    """Yield `count` pictures of the empty yard: the median over time, with sensor noise."""
    median = np.median(np.stack(_clip(examples / "data/vtest.avi")[::_MEDIAN_STEP]), axis=0)
    for number in range(count):
        noise = np.random.default_rng(number).normal(0, _NOISE_DEVIATION, median.shape)
        picture = np.clip(median + noise, 0, 255).astype(np.uint8)
        yield Shot("yard", picture, has_person=False, source=f"vtest.avi#median+noise{number}")


def bush(examples: Path, count: int) -> Iterator[Shot]:
    """Yield `count` frames of a bush in the wind."""
    frames = _clip(examples / "data/tree.avi")[: _LAST_FRAME_WITHOUT_HAND + 1]
    for number in _spread(len(frames), count):
        yield Shot("garden", frames[number], has_person=False, source=f"tree.avi#{number}")


def signs(examples: Path, count: int) -> Iterator[Shot]:
    """Yield `count` photographs of signs; each further round through them is a little darker."""
    for number in range(count):
        name = _SIGNS[number % len(_SIGNS)]
        darker = 1 - 0.05 * (number // len(_SIGNS))
        picture = np.asarray(cv2.convertScaleAbs(_photograph(examples / name), alpha=darker), dtype=np.uint8)
        yield Shot("gate", picture, has_person=False, source=f"{Path(name).name}×{darker:.2f}")


def _photograph(path: Path) -> Picture:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"{path}: not a picture; delete its folder to unpack the package again")
    return np.asarray(picture, dtype=np.uint8)


@cache
def _clip(path: Path) -> tuple[Picture, ...]:
    """Read every frame of a clip."""
    video, frames = cv2.VideoCapture(str(path)), []
    while True:
        is_read, frame = video.read()
        if not is_read:
            break
        frames.append(np.asarray(frame, dtype=np.uint8))
    video.release()
    if not frames:
        raise FileNotFoundError(f"{path}: no frame in it; delete its folder to unpack the package again")
    return tuple(frames)


def _spread(length: int, count: int) -> list[int]:
    """Return `count` positions spread evenly over `length`."""
    return [position * length // count for position in range(count)]
