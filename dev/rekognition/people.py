"""People by HOG: upright, seen from the side, and at least about a tenth of the frame's height."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import exp

import cv2
import numpy as np

from dev.rekognition.picture import Picture, box_of, covered_share, scale_to
from sightline.models.answers import Box, Detection

_SLOPE, _OFFSET = 3.346, 3.029
_FAINTEST_WEIGHT = -0.5
_PYRAMID_STEP = 1.1
_WIDTH_SHARE, _HEIGHT_SHARE = 0.5, 0.8
_LEAST_INSIDE = 0.7
_SAME_PERSON = 0.5


@dataclass(frozen=True, slots=True)
class _Pass:
    """One search: the frame scaled to `longest_pixels`, within a border of `border` times its height."""

    longest_pixels: int
    border: float
    stride_pixels: int


_PASSES = (
    _Pass(
        1200, 0.0, 8
    ),  # distant people: without enlarging, the detector's window of 64x128 pixels is larger than they are
    _Pass(400, 0.3, 4),  # near people: the window includes a margin around them, which must fit into the picture
)


@cache
def _detector() -> cv2.HOGDescriptor:
    """Load the detector that was trained on the INRIA pedestrians, once in each process."""
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float32))
    return detector


def find_people(picture: Picture) -> tuple[Detection, ...]:
    """Find people, the most certain first. The confidence was fitted to the weights over PETS 2009 (first pass)."""
    found = sorted((each for search in _PASSES for each in _search(picture, search)), key=lambda each: -each[0])
    kept: list[tuple[float, Box]] = []
    for confidence, box in found:
        if not any(_is_same(box, other) for _, other in kept):
            kept.append((confidence, box))
    return tuple(Detection("Person", confidence, box) for confidence, box in kept)


def _search(picture: Picture, search: _Pass) -> Iterator[tuple[float, Box]]:
    """Find (confidence, place) in one pass; boxes that are mostly in the border are artefacts of it."""
    scaled = scale_to(picture, search.longest_pixels)
    border = round(search.border * scaled.shape[0])
    around = (border, border, border, border)
    framed = np.asarray(cv2.copyMakeBorder(scaled, *around, cv2.BORDER_REPLICATE), np.uint8)
    if not _holds_a_window(framed):
        return
    stride = (search.stride_pixels, search.stride_pixels)
    boxes, weights = _detector().detectMultiScale(
        framed, hitThreshold=_FAINTEST_WEIGHT, winStride=stride, scale=_PYRAMID_STEP
    )
    for (x, y, width, height), weight in zip(boxes, np.ravel(weights), strict=True):
        body_width, body_height = width * _WIDTH_SHARE, height * _HEIGHT_SHARE
        left, top = x - border + (width - body_width) / 2, y - border + (height - body_height) / 2
        box = box_of(left, top, body_width, body_height, scaled)
        whole = body_width * body_height / (scaled.shape[0] * scaled.shape[1])
        if box.width * box.height >= _LEAST_INSIDE * whole:
            yield _confidence(float(weight)), box


def _holds_a_window(picture: Picture) -> bool:
    """Return whether the detector's window fits. In a smaller picture OpenCV reads and writes past its memory."""
    wide, high = _detector().winSize
    return bool(picture.shape[1] >= wide and picture.shape[0] >= high)


def _confidence(weight: float) -> float:
    return 100 / (1 + exp(-(_SLOPE * weight - _OFFSET)))


def _is_same(one: Box, other: Box) -> bool:
    return max(covered_share(one, (other,)), covered_share(other, (one,))) > _SAME_PERSON
