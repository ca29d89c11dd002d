"""Moderation: what a viewer might have to be warned of."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge

_DEFAULT_MIN_CONFIDENCE = 50.0
"""What Rekognition takes where the request names none."""


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:
    """Read the answer of DetectModerationLabels: every level of the taxonomy that applies."""
    detections = tuple(_label(each) for each in response["ModerationLabels"])
    cut = parameters.get("MinConfidence", _DEFAULT_MIN_CONFIDENCE)
    return Answer(detections, response["ModerationModelVersion"], cut_percent=float(cut))


def _label(label: Json) -> Detection:
    attributes = {"parent": label.get("ParentName") or None, "level": label.get("TaxonomyLevel")}
    return Detection(label["Name"], label["Confidence"], attributes=attributes)


FEATURE = Feature(
    name="moderation",
    operation="DetectModerationLabels",
    summary="content to be warned of",
    parse=parse,
    parameters={"MinConfidence": 30},
    edge=GraphEdge("HAS_MODERATION_LABEL", "ModerationLabel", "moderation_label_name"),
)
