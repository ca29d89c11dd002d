"""Faces by the Haar cascade `alt2`: frontal, upright, at least 24 pixels wide."""

from collections.abc import Sequence
from functools import cache
from math import exp
from pathlib import Path

import cv2
import numpy as np

from dev.rekognition.light import light_of
from dev.rekognition.picture import Picture, box_of, reduce_to
from sightline.models.answers import Detection

_LONGEST_PIXELS = 1280
_SMALLEST_PIXELS = 24
_EVEN_WINDOWS = 13
_WINDOWS_SLOPE = 3


@cache
def _cascade() -> cv2.CascadeClassifier:
    """Load the cascade once in each process."""
    folder = Path(cv2.__file__).parent / "data"
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))


def find_faces(picture: Picture) -> tuple[Detection, ...]:
    """Find faces, the surest first; each with its quality (brightness, sharpness; 0 to 100).

    The cascade has no confidence: it is computed from the number of windows that agree. Over Debian's opencv-doc
    pictures, clear faces have 15 to 23, leaves and brickwork up to 12.
    """
    reduced = reduce_to(picture, _LONGEST_PIXELS)
    grey = cv2.equalizeHist(cv2.cvtColor(reduced, cv2.COLOR_BGR2GRAY))
    smallest = (_SMALLEST_PIXELS, _SMALLEST_PIXELS)
    boxes, windows = _cascade().detectMultiScale2(grey, scaleFactor=1.1, minNeighbors=3, minSize=smallest)
    found = [_face(box, int(count), reduced) for box, count in zip(boxes, np.ravel(windows), strict=True)]
    return tuple(sorted(found, key=lambda each: -each.confidence))


def _face(box: Sequence[int], windows: int, picture: Picture) -> Detection:
    x, y, width, height = (int(side) for side in box)
    light = light_of(picture[y : y + height, x : x + width])
    quality = {"brightness": light.brightness, "sharpness": light.sharpness}
    confidence = 100 / (1 + exp(-(windows - _EVEN_WINDOWS) / _WINDOWS_SLOPE))
    return Detection("Face", confidence, box_of(x, y, width, height, picture), {"quality": quality})
