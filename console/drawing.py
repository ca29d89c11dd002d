"""Boxes drawn into a picture."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from vision.geometry import boxes
from vision.models import Box, Detection

COLOURS = ("#ff3b30", "#34c759", "#0a84ff", "#ffcc00", "#bf5af2", "#64d2ff", "#ff9f0a")
"""One for each feature, told apart on most backgrounds."""

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


@dataclass(frozen=True, slots=True)
class Pen:
    """What draws into one image. width: of a line, in pixels."""

    drawing: ImageDraw.ImageDraw
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    width: int
    size: tuple[int, int]

    def mark(self, box: Box, words: str, colour: str) -> None:
        """Draw a box with its words on a ground of its colour, inside the picture."""
        left, top = box.left * self.size[0], box.top * self.size[1]
        right, bottom = left + box.width * self.size[0], top + box.height * self.size[1]
        self.drawing.rectangle((left, top, right, bottom), outline=colour, width=self.width)
        _, _, wide, high = self.drawing.textbbox((0, 0), words, font=self.font)
        at = max(0, min(left, self.size[0] - wide)), max(0, top - high)
        self.drawing.rectangle((*at, at[0] + wide + 2, at[1] + high + 2), fill=colour)
        self.drawing.text((at[0] + 1, at[1]), words, fill="black", font=self.font)


def draw(picture: bytes, found: Mapping[str, Iterable[Detection]], out: Path) -> int:
    """Draw each place where something was found, with name and confidence; write the picture; say how many there were.

    found: feature → detections, each feature in a colour of its own
    """
    image = upright(picture)
    pen = _pen_for(image)
    drawn = 0
    for detections, colour in zip(found.values(), cycle(COLOURS), strict=False):
        for each in detections:
            for box in boxes(each):
                pen.mark(box, f"{each.name} {each.confidence:.0f} %", colour)
                drawn += 1
    image.save(out, FORMATS[out.suffix.lower()])
    return drawn


def _pen_for(image: Image.Image) -> Pen:
    unit = max(1, min(image.size) // 300)
    return Pen(ImageDraw.Draw(image), ImageFont.load_default(size=10 + 3 * unit), unit + 1, image.size)


def upright(picture: bytes) -> Image.Image:
    """Give the picture as Rekognition sees it: a JPEG is turned as its EXIF says, and boxes lie in the turned one."""
    with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):  # 100 MP are allowed
        image = Image.open(BytesIO(picture))
        turned = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
    return turned.convert("RGB")
