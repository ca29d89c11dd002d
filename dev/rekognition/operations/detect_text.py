"""DetectText: lines and their words, with AWS's filters."""

from collections.abc import Iterable, Mapping
from itertools import count

from dev.rekognition.content import Content
from dev.rekognition.operations.wire import bounding_box, polygon
from dev.rekognition.refusals import Refusal
from dev.rekognition.sight import Sight
from dev.rekognition.text import Line
from sightline.models.answers import Box, Detection, Json

_MOST_WORDS = 100


async def detect_text(request: Json, content: Content, sight: Sight) -> Json:
    """Answer with lines first, then their words; at most a hundred words, like AWS."""
    filters = request.get("Filters", {})
    lines = _at_most(_MOST_WORDS, _filtered(await sight.text(content), filters))
    found = [_detection("LINE", line.text, line.confidence, _around(line), each) for each, line in enumerate(lines)]
    ids = count(len(lines))
    for parent, line in enumerate(lines):
        for word in line.words:
            entry = _detection("WORD", word.name, word.confidence, _box(word), next(ids))
            found.append({**entry, "ParentId": parent})
    return {"TextDetections": found, "TextModelVersion": sight.detector.model_version}


def _filtered(lines: Iterable[Line], filters: Mapping[str, Json]) -> list[Line]:
    """Keep the words that pass the filters, and the lines that keep a word."""
    words = filters.get("WordFilter", {})
    regions = [_region(each) for each in filters.get("RegionsOfInterest", ())]
    kept = (Line(tuple(w for w in line.words if _passes(w, words) and _lies_in(w, regions))) for line in lines)
    return [line for line in kept if line.words]


def _at_most(most: int, lines: Iterable[Line]) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        words = line.words[: most - sum(len(each.words) for each in kept)]
        if words:
            kept.append(Line(words))
    return kept


def _passes(word: Detection, wanted: Mapping[str, Json]) -> bool:
    box = _box(word)
    return bool(
        word.confidence >= wanted.get("MinConfidence", 0)
        and box.height >= wanted.get("MinBoundingBoxHeight", 0)
        and box.width >= wanted.get("MinBoundingBoxWidth", 0)
    )


def _lies_in(word: Detection, regions: list[Box]) -> bool:
    """Return whether the centre of `word` is in one of `regions`, or there are none."""
    box = _box(word)
    x, y = box.left + box.width / 2, box.top + box.height / 2
    inside = (r.left <= x <= r.left + r.width and r.top <= y <= r.top + r.height for r in regions)
    return not regions or any(inside)


def _region(region: Json) -> Box:
    """Read a region of interest; of a polygon, the rectangle around it. Raise a Refusal if it has no place."""
    if "BoundingBox" in region:
        box = region["BoundingBox"]
        return Box(box.get("Left", 0), box.get("Top", 0), box.get("Width", 1), box.get("Height", 1))
    corners = region.get("Polygon")
    if not corners or not all({"X", "Y"} <= set(corner) for corner in corners):
        raise Refusal("InvalidParameterException")
    across, down = [corner["X"] for corner in corners], [corner["Y"] for corner in corners]
    return Box(min(across), min(down), max(across) - min(across), max(down) - min(down))


def _around(line: Line) -> Box:
    boxes = [_box(word) for word in line.words]
    left, top = min(b.left for b in boxes), min(b.top for b in boxes)
    right, bottom = max(b.left + b.width for b in boxes), max(b.top + b.height for b in boxes)
    return Box(left, top, right - left, bottom - top)


def _box(word: Detection) -> Box:
    if word.box is None:
        raise ValueError(f"word {word.name!r} has no place")
    return word.box


def _detection(kind: str, text: str, confidence: float, box: Box, number: int) -> Json:
    geometry = {"BoundingBox": bounding_box(box), "Polygon": polygon(box)}
    return {"DetectedText": text, "Type": kind, "Id": number, "Confidence": confidence, "Geometry": geometry}
