"""What an analysis found. Confidence is percent, 0 to 100, wherever it appears."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Any JSON value: the form of Rekognition's requests and answers."""

Finding: TypeAlias = tuple[tuple[str, float], ...]
"""The short form of an answer that the image row keeps: (name, confidence percent) in the order of the answer."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the image's width and height, origin at the top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that an analysis found.

    `attributes` holds what only one feature knows (parents of a label, landmarks of a face), as JSON.
    """

    name: str
    confidence: float
    box: Box | None = None
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one paid call.

    `cut_percent`: nothing below this confidence can be in the answer: the request's MinConfidence, or the lowest
    kept confidence where the request's maximum count was reached. None if the operation has no such limit.
    """

    detections: tuple[Detection, ...]
    model_version: str
    cut_percent: float | None = None
    is_truncated: bool = False
