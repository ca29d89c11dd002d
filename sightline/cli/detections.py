"""Detections shown to people: as JSON, as a table, and as boxes drawn into the picture."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from sightline.cli.output import print_table
from sightline.models.answers import Box, Detection, Json
from sightline.rekognition.geometry import boxes, sure_boxes
from sightline.rekognition.upright import as_rgb, turned

Found = dict[str, Any]


def as_json(detections: Iterable[Detection]) -> list[Found]:
    """Return detections with all their fields. boxes: in fractions of the image's width and height."""
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
    """Print what was found, with confidence and the place of its first box."""
    rows = [(e["name"], e["confidence"], _kind(e["attributes"]), len(e["boxes"]), _place(e)) for e in detections]
    columns = ("found", "confidence", "kind", "boxes", "first box in %: left, top; width × height")
    print_table(title, columns, rows, empty=empty)


def _kind(attributes: dict[str, Json]) -> str:
    """Return what qualifies the name: LINE or WORD for a text, the parents for a label."""
    return attributes.get("type") or ", ".join(attributes.get("parents", ()))


def _place(found: Found) -> str | None:
    if not found["boxes"]:
        return None
    left, top, width, height = (f"{100 * side:.0f}" for side in found["boxes"][0].values())
    return f"{left}, {top}; {width} × {height}"


COLOURS = ("#ff3b30", "#34c759", "#0a84ff", "#ffcc00", "#bf5af2", "#64d2ff", "#ff9f0a")
"""One for each feature; they can be told apart on most backgrounds."""

Ground: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom of the rectangle behind a caption, in pixels."""

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws into one image. width: of a line, in pixels; written: the rectangles of the captions so far, in pixels."""

    drawing: ImageDraw.ImageDraw
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    width: int
    size: tuple[int, int]
    written: list[Ground] = field(default_factory=list)

    def mark(self, box: Box, words: str, colour: str) -> None:
        """Draw a box and its caption, on a rectangle of the same colour inside the picture."""
        left, top = box.left * self.size[0], box.top * self.size[1]
        right, bottom = left + box.width * self.size[0], top + box.height * self.size[1]
        self.drawing.rectangle((left, top, right, bottom), outline=colour, width=self.width)
        _, _, wide, high = self.drawing.textbbox((0, 0), words, font=self.font)
        ground = self._free(max(0, min(left, self.size[0] - wide)), max(0, top - high), wide + 2, high + 2)
        self.written.append(ground)
        self.drawing.rectangle(ground, fill=colour)
        self.drawing.text((ground[0] + 1, ground[1]), words, fill="black", font=self.font)

    def _free(self, left: float, top: float, wide: float, high: float) -> Ground:
        """Move down until no other caption is covered; if the picture ends first, stay and cover some."""
        first = ground = left, top, left + wide, top + high
        while any(_covers(ground, other) for other in self.written):
            top = ground[3] + 1
            ground = left, top, left + wide, top + high
        return ground if ground[3] <= self.size[1] else first


def _covers(one: Ground, other: Ground) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def draw(picture: bytes, found: Mapping[str, Iterable[Detection]], out: Path) -> int:
    """Draw a box with name and confidence for each detection, write the picture, and return the number of boxes.

    found: feature → detections; each feature has its own colour
    """
    image = upright(picture)
    pen = _pen_for(image)
    drawn = 0
    for detections, colour in zip(found.values(), cycle(COLOURS), strict=False):
        for each in detections:
            for box, words in captions(each):
                pen.mark(box, words, colour)
                drawn += 1
    image.save(out, FORMATS[out.suffix.lower()])
    return drawn


def captions(detection: Detection) -> Iterator[tuple[Box, str]]:
    """Yield each box with what is written on it: the name, and how sure it is of this box."""
    for box, confidence in sure_boxes(detection):
        yield box, f"{detection.name} {confidence:.0f} %"


def _pen_for(image: Image.Image) -> Pen:
    unit = max(1, min(image.size) // 300)
    return Pen(ImageDraw.Draw(image), ImageFont.load_default(size=10 + 3 * unit), unit + 1, image.size)


def upright(picture: bytes) -> Image.Image:
    """Return the picture as Rekognition sees it: boxes refer to a JPEG after rotation by its EXIF orientation."""
    with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):  # 100 MP are allowed
        image = Image.open(BytesIO(picture))
        return turned(as_rgb(image), picture)
