"""CompareFaces as the project asks it: every face of the target with its similarity, in one call.

It is asked with a threshold of 0, and the threshold is applied to what is kept: another one is not another call.
"""

import hashlib
import json
from collections.abc import Mapping

from sightline.errors import UnreadableAnswer
from sightline.models.answers import Json
from sightline.models.comparisons import Compared, ComparedFace, Side
from sightline.rekognition.geometry import read_box

OPERATION = "CompareFaces"

NAME = "compare"
"""What its calls are counted under, beside those of features."""

PARAMETERS: Mapping[str, Json] = {"QualityFilter": "NONE", "SimilarityThreshold": 0.0}

DEFAULT_LEAST_PERCENT = 80.0
"""AWS's default threshold."""


def comparison_id(source: str, target: str, generation: str) -> str:
    """Name the comparison of two contents (sha256, hex), in this order: sha256, hex."""
    asked = json.dumps(dict(PARAMETERS), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{source}\n{target}\n{NAME}\n{asked}\n{generation}".encode()).hexdigest()


def parse(answer: Json) -> Compared:
    """Read an answer. Raise UnreadableAnswer if it does not have AWS's format."""
    try:
        faces = [_face(each["Face"], each["Similarity"]) for each in answer["FaceMatches"]]
        unmatched = [_face(each, 0.0) for each in answer["UnmatchedFaces"]]
        source = _face(answer["SourceImageFace"])
    except (KeyError, TypeError, AttributeError) as error:
        rule = f"an answer to {OPERATION} must have AWS's format, but {error!r} came up"
        raise UnreadableAnswer("two pictures", rule=rule) from error
    found = tuple(sorted([*faces, *unmatched], key=lambda face: -(face.similarity or 0.0)))
    return Compared(source, found, None if found else Side.TARGET)


def _face(face: Json, similarity: float | None = None) -> ComparedFace:
    box = read_box(face)
    if box is None:
        raise KeyError("BoundingBox")
    return ComparedFace(box, float(face["Confidence"]), similarity)
