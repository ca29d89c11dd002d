"""Entries of the index by day, read straight out of DynamoDB's form.

A page reads hundreds of them, and figures read whole months. To make Python's values of an entry first, and its summary
of those, takes twice as long.
"""

from datetime import datetime
from typing import Any

from sightline.models.images import AskedBy, Capture, FeatureResult, ImageSummary, ResultStatus, State
from sightline.models.stored_images import read_result
from sightline.storage.dynamodb.conditions import Path
from sightline.storage.dynamodb.items import AttributeValues, from_item, from_value
from sightline.storage.images.encoding import decode_capture, decode_summary

BESIDE_RESULTS: tuple[Path, ...] = (
    "image_id",
    "state",
    "version",
    "capture",
    ("content", "sha256"),
    ("content", "last_modified"),
)
"""What a summary needs of an entry beside results."""

NO_RESULTS: AttributeValues = {"M": {}}

_OF_MOST_CAPTURES = {"camera", "taken_at", "source"}


def read_summary(values: AttributeValues) -> ImageSummary:
    """Return what `decode_summary` returns of the same entry.

    The short way is for the form that nearly all entries have. What another version may have written goes the long way.
    """
    try:
        return _short_way(values)
    except (KeyError, TypeError, ValueError):
        return decode_summary(from_item(values))


def _short_way(values: AttributeValues) -> ImageSummary:
    content = values["content"]["M"]
    uploaded_at = content.get("last_modified", {"NULL": True})
    return ImageSummary(
        image_id=values["image_id"]["S"],
        state=State.read(values["state"]["S"]),
        version=int(values["version"]["N"]),
        capture=_capture(values["capture"]),
        content_sha256=content["sha256"]["S"],
        parts={feature: _result(part) for feature, part in values["parts"]["M"].items()},
        uploaded_at=None if "NULL" in uploaded_at else datetime.fromisoformat(uploaded_at["S"]),
    )


def _capture(value: AttributeValues) -> Capture:
    of_capture = value["M"]
    if of_capture.keys() != _OF_MOST_CAPTURES:
        return decode_capture(from_value(value))
    taken_at = datetime.fromisoformat(of_capture["taken_at"]["S"])
    return Capture(of_capture["camera"]["S"], taken_at, of_capture["source"]["S"])


def _result(value: AttributeValues) -> FeatureResult:
    part = value["M"]
    if "NULL" not in part["rejection"]:
        return read_result(from_value(value))
    cut, asked_by = part["cut_percent"], part.get("asked_by")
    return FeatureResult(
        analysis_id=part["analysis_id"]["S"],
        status=ResultStatus.read(part["status"]["S"]),
        finding=_finding(part["finding"]["L"]),
        cut_percent=None if "NULL" in cut else float(cut["N"]),
        model_version=part["model_version"]["S"],
        left_out=int(part["left_out"]["N"]),
        asked_by=AskedBy.read(asked_by["S"]) if asked_by else AskedBy.NAME,
    )


def _finding(pairs: list[Any]) -> tuple[tuple[str, float], ...]:
    each = [pair["L"] for pair in pairs]
    return tuple([(name["S"], float(confidence["N"])) for name, confidence in each])
