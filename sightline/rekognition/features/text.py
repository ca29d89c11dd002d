"""Text: lines and words on signs, number plates and clothes."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge
from sightline.rekognition.geometry import read_box

_MOST_WORDS = 100
"""The operation stops at a hundred words."""


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:
    """Read the answer of DetectText: lines and words, each word with the line it belongs to."""
    detections = tuple(_text(each) for each in response["TextDetections"])
    words = sum(1 for each in detections if not is_line(each))
    cut = parameters.get("Filters", {}).get("WordFilter", {}).get("MinConfidence")
    return Answer(detections, response["TextModelVersion"], cut_percent=cut, is_truncated=words >= _MOST_WORDS)


def is_line(detection: Detection) -> bool:
    """Return whether this is a line: the image row and the graph keep no words, which the lines repeat."""
    return bool(detection.attributes["type"] == "line")


def _text(text: Json) -> Detection:
    geometry = text["Geometry"]
    attributes = {
        "type": text["Type"].lower(),
        "id": text["Id"],
        "line_id": text.get("ParentId"),
        "polygon": [[point["X"], point["Y"]] for point in geometry.get("Polygon", ())],
    }
    return Detection(text["DetectedText"], text["Confidence"], read_box(geometry), attributes)


FEATURE = Feature(
    name="text",
    operation="DetectText",
    summary="lines and words",
    parse=parse,
    edge=GraphEdge("HAS_TEXT", "Text", "text"),
    in_finding=is_line,
    on_by_default=True,
)
