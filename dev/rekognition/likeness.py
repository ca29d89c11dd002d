"""How alike two faces are, by dlib's network: 128 numbers for a face, and their distance.

Network and landmarks: face-recognition-models 0.3.0 (CC0). The network was trained so that two pictures of one person
lie less than 0.6 apart.
"""

import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from dev.rekognition.models import FACES_LOCK, FOLDER, PACKAGES, problems, read_lock
from dev.rekognition.picture import Picture
from sightline.models.answers import Box

Descriptor: TypeAlias = tuple[float, ...]
"""128 numbers, of length about 1."""

INSTALLED_BY = "dev/install.sh faces"

_NETWORK, _LANDMARKS = "dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat"

_SAME_PERSON_WITHIN = 0.6
_PERCENT_THERE = 80.0
_CLEARLY_WITHIN = 0.4
_PERCENT_CLEARLY = 99.0


def _log_odds(percent: float) -> float:
    return math.log(percent / (100 - percent))


_SLOPE = (_log_odds(_PERCENT_CLEARLY) - _log_odds(_PERCENT_THERE)) / (_SAME_PERSON_WITHIN - _CLEARLY_WITHIN)


def similarity_percent(one: Descriptor, other: Descriptor) -> float:
    """Return the similarity of two faces in percent: a logistic curve of their distance.

    The curve is assumed, not fitted: AWS's default threshold of 80 % lies at dlib's 0.6, and 99 % at 0.4.
    """
    distance = math.dist(one, other)
    return 100 / (1 + math.exp(_SLOPE * (distance - _SAME_PERSON_WITHIN) - _log_odds(_PERCENT_THERE)))


@cache
def why_not(folder: Path = FOLDER, load: Callable[[str], object] | None = None) -> str:
    """Return why this machine cannot compare faces, or "", as it was at the first call."""
    if wrong := problems(folder, read_lock(FACES_LOCK)):
        return f"{', '.join(wrong)}, in {folder}"
    try:
        (load or _importer(folder))("dlib")
    except (ImportError, OSError) as error:
        return f"dlib cannot be imported: {error}"
    return ""


def _importer(folder: Path) -> Callable[[str], Any]:
    packages = str(folder / PACKAGES)
    if packages not in sys.path:
        sys.path.append(packages)
    return import_module


def describe(picture: Picture, boxes: Sequence[Box], folder: Path = FOLDER) -> tuple[Descriptor, ...]:
    """Return the descriptor of the face in each box."""
    dlib, landmarks, network = _loaded(folder)
    pixels = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return tuple(
        tuple(network.compute_face_descriptor(pixels, landmarks(pixels, _rectangle(dlib, box, pixels.shape))))
        for box in boxes
    )


def _rectangle(dlib: Any, box: Box, shape: tuple[int, ...]) -> Any:
    height, width = shape[:2]
    right, bottom = (box.left + box.width) * width, (box.top + box.height) * height
    return dlib.rectangle(round(box.left * width), round(box.top * height), round(right), round(bottom))


@cache
def _loaded(folder: Path) -> tuple[Any, Any, Any]:
    """Load dlib and the two models once in each process."""
    dlib = _importer(folder)("dlib")
    network = dlib.face_recognition_model_v1(str(folder / _NETWORK))
    return dlib, dlib.shape_predictor(str(folder / _LANDMARKS)), network
