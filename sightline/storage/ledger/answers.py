"""An answer as plain values that DynamoDB and JSON can both hold, and back."""

from collections.abc import Mapping

from sightline.models.answers import Answer, Box, Detection, Json
from sightline.storage.dynamodb.items import DECIMAL_PLACES


def to_plain(answer: Answer) -> dict[str, Json]:
    """Write an answer as one map. A box is [left, top, width, height]; floats have DECIMAL_PLACES places."""
    plain = {
        "model_version": answer.model_version,
        "cut_percent": answer.cut_percent,
        "is_truncated": answer.is_truncated,
        "detections": [_detection_to_plain(each) for each in answer.detections],
    }
    return {name: _rounded(value) for name, value in plain.items()}


def from_plain(plain: Mapping[str, Json]) -> Answer:
    """Read what `to_plain` wrote; a number without fraction may have come back as an integer."""
    cut = plain.get("cut_percent")
    return Answer(
        detections=tuple(map(_detection_from_plain, plain["detections"])),
        model_version=plain["model_version"],
        cut_percent=None if cut is None else float(cut),
        is_truncated=plain["is_truncated"],
    )


def rounded(answer: Answer) -> Answer:
    """Return the answer as every ledger gives it."""
    return from_plain(to_plain(answer))


def _detection_to_plain(detection: Detection) -> dict[str, Json]:
    box = detection.box
    return {
        "name": detection.name,
        "confidence": detection.confidence,
        **({"box": [box.left, box.top, box.width, box.height]} if box else {}),
        **({"attributes": dict(detection.attributes)} if detection.attributes else {}),
    }


def _detection_from_plain(plain: Mapping[str, Json]) -> Detection:
    box = plain.get("box")
    return Detection(
        name=plain["name"],
        confidence=float(plain["confidence"]),
        box=Box(*map(float, box)) if box else None,
        attributes=plain.get("attributes", {}),
    )


def _rounded(value: Json) -> Json:
    match value:
        case float():
            return round(value, DECIMAL_PLACES)
        case Mapping():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value
