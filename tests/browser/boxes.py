"""A drawn picture in which boxes can be seen, and how a page's boxes are measured against it."""

import io
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from sightline.models.answers import Box

PERSON, FACE, LINE = Box(0.25, 0.5, 0.125, 0.25), Box(0.28, 0.52, 0.05, 0.1), Box(0.6, 0.1, 0.3, 0.08)
BOXES = (FACE, PERSON, LINE)
"""In the order of their numbers: features go by the alphabet."""

MEASURED = """() => {
  const image = document.querySelector("figure img").getBoundingClientRect();
  const rects = [...document.querySelectorAll(".boxes rect")].map((rect) => {
    const box = rect.getBBox(), place = rect.getScreenCTM();
    return [box.x * place.a + place.e, box.y * place.d + place.f, box.width * place.a, box.height * place.d];
  });
  return { image: [image.x, image.y, image.width, image.height], rects };
}"""
"""Where a box is by its own coordinates: `getBoundingClientRect` would count its stroke."""


def photo(size: tuple[int, int], orientation: int = 1) -> bytes:
    """Draw a picture in which the boxes can be seen; it is stored turned, and marked so."""
    upright = Image.new("RGB", size, "#7a8b99")
    drawing = ImageDraw.Draw(upright)
    for box, colour in zip(BOXES, ("#e0b080", "#405060", "#fafafa"), strict=True):
        left, top = box.left * size[0], box.top * size[1]
        drawing.rectangle((left, top, left + box.width * size[0], top + box.height * size[1]), fill=colour)
    stored = upright.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    stored.save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


def assert_boxes_fit(page: Page, boxes: Sequence[Box]) -> tuple[float, float]:
    """Require that each box of the page is where it was found, to a pixel; return the picture's width and height."""
    measured = page.evaluate(MEASURED)
    left, top, wide, high = measured["image"]
    assert len(boxes) == len(measured["rects"])
    for box, rect in zip(boxes, measured["rects"], strict=True):
        expected = (left + box.left * wide, top + box.top * high, box.width * wide, box.height * high)
        assert expected == pytest.approx(rect, abs=1)
    return wide, high
