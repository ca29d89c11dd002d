"""Labels: things, scenes and actions that can be seen. The blog's detector, and what `Person` comes from."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge
from sightline.rekognition.geometry import box_as_json

# What Rekognition takes where the request names neither
_DEFAULT_MAX_LABELS = 1000
_DEFAULT_MIN_CONFIDENCE = 55.0

_RELATED = ("Parents", "Aliases", "Categories")


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:
    """Read the answer of DetectLabels. A full list was cut at its last label, however low the request would go."""
    detections = tuple(_label(each) for each in response["Labels"])
    is_full = len(detections) >= parameters.get("MaxLabels", _DEFAULT_MAX_LABELS)
    asked = parameters.get("MinConfidence", _DEFAULT_MIN_CONFIDENCE)
    cut = min(each.confidence for each in detections) if is_full and detections else asked
    return Answer(detections, response["LabelModelVersion"], cut_percent=float(cut), is_truncated=is_full)


def _label(label: Json) -> Detection:
    attributes = {name.lower(): [each["Name"] for each in label.get(name, ())] for name in _RELATED}
    attributes["instances"] = [
        {"box": box_as_json(each), "confidence": each["Confidence"]} for each in label.get("Instances", ())
    ]
    return Detection(label["Name"], label["Confidence"], attributes=attributes)


FEATURE = Feature(
    name="labels",
    operation="DetectLabels",
    summary="things, scenes and actions",
    parse=parse,
    parameters={"MaxLabels": 200, "MinConfidence": 30},  # low and many: what is cut can never be counted as missed
    deeper={"MaxLabels": 1000, "MinConfidence": 10},
    edge=GraphEdge(relationship="HAS_LABEL", node="Label", node_property="label_name"),
    on_by_default=True,
)
