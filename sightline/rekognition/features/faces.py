"""Faces: where they are, which way they look, how well they can be seen. Not whose they are."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge, image_and_position_are_key
from sightline.rekognition.geometry import read_box

_MOST_FACES = 100
"""The operation stops at the hundred largest faces."""


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:  # noqa: ARG001 - nothing asked for can cut it
    """Read the answer of DetectFaces, which names no model version."""
    detections = tuple(_face(each) for each in response["FaceDetails"])
    return Answer(detections, model_version="", is_truncated=len(detections) >= _MOST_FACES)


def _face(face: Json) -> Detection:
    attributes = {
        "landmarks": {each["Type"]: [each["X"], each["Y"]] for each in face.get("Landmarks", ())},
        "pose": {name.lower(): degrees for name, degrees in face.get("Pose", {}).items()},
        "quality": {name.lower(): score for name, score in face.get("Quality", {}).items()},
    }
    return Detection("Face", face["Confidence"], read_box(face), attributes)


FEATURE = Feature(
    name="faces",
    operation="DetectFaces",
    summary="faces, their place and pose",
    parse=parse,
    parameters={"Attributes": ["DEFAULT"]},  # no guesses at age, gender or mood
    edge=GraphEdge("HAS_FACE", "Face", "face_id", node_key=image_and_position_are_key),
    on_by_default=True,
)
