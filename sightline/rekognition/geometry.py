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
    return [box for box, _ in sure_boxes(detection)]


def sure_boxes(detection: Detection) -> list[tuple[Box, float]]:
    """Return the same places, each with its own confidence: a label's is that of the surest of its instances."""
    if detection.box:
        return [(detection.box, detection.confidence)]
    instances = [each for each in detection.attributes.get("instances", ()) if each["box"]]
    return [(Box(**each["box"]), each["confidence"]) for each in instances]
