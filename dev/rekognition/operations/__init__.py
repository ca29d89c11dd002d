"""The operations that the endpoint supports. Each returns the answer to one request, measured from the pixels."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from dev.rekognition.operations import collections
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

OF_COLLECTIONS: Mapping[str, Operation] = {
    "CreateCollection": collections.create_collection,
    "DeleteCollection": collections.delete_collection,
    "DeleteFaces": collections.delete_faces,
    "DescribeCollection": collections.describe_collection,
    "IndexFaces": collections.index_faces,
    "ListFaces": collections.list_faces,
    "SearchFacesByImage": collections.search_faces_by_image,
}
"""Those that read or change collections: (request, its images, sight, collections) → answer."""

LIMITED: Sequence[str] = (*OPERATIONS, "IndexFaces", "SearchFacesByImage")
"""Those that have a quota here: the ones that look at pictures."""

IMAGES: Sequence[str] = ("Image", "SourceImage", "TargetImage")
"""The members of a request that are images, in the order in which its operation takes them."""
