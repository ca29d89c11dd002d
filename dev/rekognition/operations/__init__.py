"""The operations that the endpoint supports. Each returns the answer to one request, measured from the pixels."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from dev.rekognition.content import Content
from dev.rekognition.operations.detect_faces import detect_faces
from dev.rekognition.operations.detect_labels import detect_labels
from dev.rekognition.operations.detect_text import detect_text
from dev.rekognition.sight import Sight
from sightline.models.answers import Json

Operation: TypeAlias = Callable[[Json, Content, Sight], Awaitable[Json]]
"""(request, its image, sight) → answer."""

OPERATIONS: Mapping[str, Operation] = {
    "DetectFaces": detect_faces,
    "DetectLabels": detect_labels,
    "DetectText": detect_text,
}
"""By AWS's name."""
