"""Where in the image something is: read from an answer, and returned to the code that draws it."""

from dataclasses import asdict

from sightline.models.answers import Box, Detection, Json


def read_box(part: Json) -> Box | None:
    """Read the `BoundingBox` of a part of an answer; None if it has none (a scene has no place)."""
    box = part.get("BoundingBox")
    return box and Box(left=box["Left"], top=box["Top"], width=box["Width"], height=box["Height"])


def box_as_json(part: Json) -> Json:
    """Read the `BoundingBox` of a part of an answer, in the form that attributes keep it; None if it has none."""
    box = read_box(part)
    return box and asdict(box)


def boxes(detection: Detection) -> list[Box]:
    """Return every place where `detection` was seen: its own box, or those of a label's instances."""
    if detection.box:
        return [detection.box]
    return [Box(**each["box"]) for each in detection.attributes.get("instances", ()) if each["box"]]
