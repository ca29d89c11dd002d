"""What was found in an image: as JSON, and as lines for people."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sightline.cli.output import print_table
from sightline.models.answers import Detection, Json
from sightline.rekognition.geometry import boxes

Found = dict[str, Any]


def as_json(detections: Iterable[Detection]) -> list[Found]:
    """Give detections with all that is known of each. boxes: in fractions of the image's width and height."""
    return [
        {
            "name": each.name,
            "confidence": each.confidence,
            "boxes": [asdict(box) for box in boxes(each)],
            "attributes": dict(each.attributes),
        }
        for each in detections
    ]


def print_found(title: str, detections: Iterable[Found], *, empty: str = "nothing found") -> None:
    """Print what was found, how sure that is, and where the first of it was seen."""
    rows = [(e["name"], e["confidence"], _kind(e["attributes"]), len(e["boxes"]), _place(e)) for e in detections]
    columns = ("found", "confidence", "kind", "seen", "where, in % from left, top; width × height")
    print_table(title, columns, rows, empty=empty)


def _kind(attributes: dict[str, Json]) -> str:
    """Say what more there is to its name: LINE or WORD of a text, parents of a label."""
    return attributes.get("type") or ", ".join(attributes.get("parents", ()))


def _place(found: Found) -> str | None:
    if not found["boxes"]:
        return None
    left, top, width, height = (f"{100 * side:.0f}" for side in found["boxes"][0].values())
    return f"{left}, {top}; {width} × {height}"
