"""The operations that the endpoint supports. Each returns the answer to one request, measured from the pixels."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from dev.rekognition.operations.compare_faces import compare_faces
from dev.rekognition.operations.detect_faces import detect_faces
from dev.rekognition.operations.detect_labels import detect_labels
from dev.rekognition.operations.detect_text import detect_text
from sightline.models.answers import Json

Operation: TypeAlias = Callable[..., Awaitable[Json]]
"""(request, its images, sight) → answer."""

OPERATIONS: Mapping[str, Operation] = {
    "CompareFaces": compare_faces,
    "DetectFaces": detect_faces,
    "DetectLabels": detect_labels,
    "DetectText": detect_text,
}
"""By AWS's name."""

IMAGES: Sequence[str] = ("Image", "SourceImage", "TargetImage")
"""The members of a request that are images, in the order in which its operation takes them."""
