"""Celebrities: faces that Rekognition knows by name, and those that it does not."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge
from sightline.rekognition.geometry import read_box

_MOST_FACES = 64
"""The operation looks at the 64 largest faces."""


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:  # noqa: ARG001 - nothing can be asked for
    """Read the answer of RecognizeCelebrities, which names no model version. Known faces come first."""
    known = [_known(each) for each in response["CelebrityFaces"]]
    strangers = [_stranger(each) for each in response["UnrecognizedFaces"]]
    detections = (*known, *strangers)
    return Answer(detections, model_version="", is_truncated=len(detections) >= _MOST_FACES)


def is_known(detection: Detection) -> bool:
    """Return whether the face has a name."""
    return "celebrity_id" in detection.attributes


def _known(celebrity: Json) -> Detection:
    attributes = {"celebrity_id": celebrity["Id"], "addresses": list(celebrity.get("Urls", ()))}
    return Detection(celebrity["Name"], celebrity["MatchConfidence"], read_box(celebrity["Face"]), attributes)


def _stranger(face: Json) -> Detection:
    return Detection("Face", face["Confidence"], read_box(face))


FEATURE = Feature(
    name="celebrities",
    operation="RecognizeCelebrities",
    summary="well-known people",
    parse=parse,
    edge=GraphEdge("HAS_CELEBRITY", "Celebrity", "celebrity_name"),
    in_finding=is_known,
)
