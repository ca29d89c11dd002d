"""Drawn pictures of three cameras, by day and by night, and where in them somebody or something stands."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from sightline.models.answers import Box

SIZE = (960, 540)
FINER = 2
"""It is drawn so much larger, and made smaller at the end: that smooths its edges."""

PLATE = "AB 123"
COMMENT = b"\xff\xfe"

Colour = tuple[int, int, int]

LIGHTS: dict[str, tuple[Colour, Colour, Colour]] = {
    "night": ((22, 28, 42), (38, 44, 58), (40, 48, 44)),
    "dawn": ((236, 190, 160), (190, 200, 216), (112, 124, 92)),
    "day": ((170, 202, 230), (214, 228, 238), (126, 150, 92)),
}
"""The sky above, the sky at the horizon, the ground."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Something in a picture. x, feet, height: shares of the picture's sides."""

    kind: str
    x: float
    feet: float
    height: float

    @property
    def box(self) -> Box:
        """Return where it is."""
        wide = {"person": 0.24, "car": 1.35, "cat": 0.85}[self.kind] * self.height
        return Box(self.x - wide / 2, self.feet - self.height, wide, self.height)


NOBODY: tuple[Figure, ...] = ()
NEAR = (Figure("person", 0.42, 0.93, 0.55),)
FAR = (Figure("person", 0.68, 0.62, 0.13),)
TWO = (Figure("person", 0.36, 0.9, 0.5), Figure("person", 0.55, 0.88, 0.47))
CAR = (Figure("car", 0.5, 0.9, 0.3), Figure("person", 0.8, 0.88, 0.42))
CAT = (Figure("cat", 0.4, 0.86, 0.11),)


def unique(data: bytes, number: int) -> bytes:
    """Return the same picture in other bytes: a camera never takes the same twice."""
    comment = f"picture {number}".encode()
    return data[:2] + COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


@cache
def scene(camera: str, light: str, figures: Sequence[Figure]) -> bytes:
    """Draw what a camera sees."""
    wide, high = SIZE[0] * FINER, SIZE[1] * FINER
    above, horizon, ground = LIGHTS[light]
    image = Image.new("RGB", (wide, high))
    drawing = ImageDraw.Draw(image)
    for line in range(high):
        share = min(line / (0.55 * high), 1.0)
        drawing.line(
            (0, line, wide, line), tuple(int(a + (b - a) * share) for a, b in zip(above, horizon, strict=True))
        )
    drawing.rectangle((0, 0.55 * high, wide, high), ground)
    CAMERAS[camera](drawing, wide, high, light)
    for figure in figures:
        FIGURES[figure.kind](drawing, figure.box, wide, high, light)
    file = io.BytesIO()
    image.reduce(FINER).save(file, "JPEG", quality=88)
    return file.getvalue()


def _lit(colour: Colour, light: str) -> Colour:
    share = {"night": 0.42, "dawn": 0.8, "day": 1.0}[light]
    red, green, blue = (int(each * share) for each in colour)
    return red, green, blue


def _yard(drawing: ImageDraw.ImageDraw, wide: int, high: int, light: str) -> None:
    """Draw a lawn before a fence, with a shed and a tree."""
    for post in range(0, wide, wide // 30):
        drawing.rectangle((post, 0.44 * high, post + wide // 36, 0.6 * high), _lit((166, 138, 104), light))
    drawing.rectangle((0, 0.48 * high, wide, 0.495 * high), _lit((140, 114, 84), light))
    drawing.rectangle((0.74 * wide, 0.3 * high, 0.95 * wide, 0.62 * high), _lit((150, 92, 72), light))
    roof = [(0.72 * wide, 0.31 * high), (0.845 * wide, 0.19 * high), (0.97 * wide, 0.31 * high)]
    drawing.polygon(roof, _lit((92, 70, 66), light))
    drawing.rectangle((0.81 * wide, 0.42 * high, 0.87 * wide, 0.62 * high), _lit((78, 60, 52), light))
    _tree(drawing, 0.14 * wide, 0.62 * high, 0.42 * high, light)


def _gate(drawing: ImageDraw.ImageDraw, wide: int, high: int, light: str) -> None:
    """Draw a drive that leads through a gate."""
    drive = [(0.44 * wide, 0.55 * high), (0.56 * wide, 0.55 * high), (0.98 * wide, high), (0.02 * wide, high)]
    drawing.polygon(drive, _lit((176, 172, 164), light))
    for left in (0.36, 0.6):
        drawing.rectangle((left * wide, 0.3 * high, (left + 0.04) * wide, 0.6 * high), _lit((128, 122, 116), light))
        drawing.ellipse(
            ((left - 0.005) * wide, 0.25 * high, (left + 0.045) * wide, 0.32 * high), _lit((150, 144, 138), light)
        )
    for side in ((0.0, 0.36), (0.64, 1.0)):
        drawing.rectangle((side[0] * wide, 0.42 * high, side[1] * wide, 0.6 * high), _lit((88, 116, 70), light))


def _garden(drawing: ImageDraw.ImageDraw, wide: int, high: int, light: str) -> None:
    """Draw a path between bushes."""
    path = [(0.46 * wide, 0.55 * high), (0.53 * wide, 0.55 * high), (0.72 * wide, high), (0.22 * wide, high)]
    drawing.polygon(path, _lit((196, 178, 148), light))
    for x, width in ((0.08, 0.24), (0.24, 0.2), (0.78, 0.22), (0.94, 0.26)):
        bush = ((x - width / 2) * wide, 0.42 * high, (x + width / 2) * wide, 0.72 * high)
        drawing.ellipse(bush, _lit((76, 112, 60), light))
        for flower in range(7):
            at_x, at_y = (x - 0.07 + 0.024 * flower) * wide, (0.5 + 0.045 * (flower % 3)) * high
            drawing.ellipse((at_x, at_y, at_x + 14, at_y + 14), _lit((214, 116, 132), light))


def _tree(drawing: ImageDraw.ImageDraw, x: float, foot: float, height: float, light: str) -> None:
    drawing.rectangle((x - 0.04 * height, foot - height / 2, x + 0.04 * height, foot), _lit((104, 80, 60), light))
    for side, up, radius in ((-0.2, 0.6, 0.24), (0.2, 0.62, 0.24), (0.0, 0.82, 0.28)):
        middle_x, middle_y, reach = x + side * height, foot - up * height, radius * height
        crown = (middle_x - reach, middle_y - reach, middle_x + reach, middle_y + reach)
        drawing.ellipse(crown, _lit((84, 124, 64), light))


def _person(drawing: ImageDraw.ImageDraw, box: Box, wide: int, high: int, light: str) -> None:
    left, top = box.left * wide, box.top * high
    across, unit = box.width * wide, box.height * high / 8
    middle = left + across / 2
    skin, coat, dark = _lit((226, 184, 152), light), _lit((52, 92, 150), light), _lit((50, 52, 60), light)
    for side in (-1, 1):
        foot = (middle + side * 0.9 * unit, top + 7.85 * unit)
        drawing.line(((middle + side * 0.35 * unit, top + 4.2 * unit), foot), dark, int(0.75 * unit))
        hand = (middle + side * 1.35 * unit, top + 4.3 * unit)
        drawing.line(((middle + side * 0.8 * unit, top + 1.8 * unit), hand), coat, int(0.55 * unit))
    body = (middle - unit, top + 1.35 * unit, middle + unit, top + 4.6 * unit)
    drawing.rounded_rectangle(body, 0.5 * unit, coat)
    drawing.ellipse((middle - 0.6 * unit, top, middle + 0.6 * unit, top + 1.4 * unit), skin)
    drawing.pieslice((middle - 0.62 * unit, top - 0.05 * unit, middle + 0.62 * unit, top + 1.2 * unit), 180, 360, dark)


def _car(drawing: ImageDraw.ImageDraw, box: Box, wide: int, high: int, light: str) -> None:
    left, top, right, foot = (
        box.left * wide,
        box.top * high,
        (box.left + box.width) * wide,
        (box.top + box.height) * high,
    )
    across, tall = right - left, foot - top
    paint, glass = _lit((178, 62, 58), light), _lit((60, 74, 88), light)
    drawing.rounded_rectangle((left, top + 0.4 * tall, right, foot - 0.12 * tall), 0.14 * tall, paint)
    cabin = [(left + 0.16 * across, top + 0.45 * tall), (left + 0.27 * across, top), (right - 0.27 * across, top)]
    drawing.polygon([*cabin, (right - 0.16 * across, top + 0.45 * tall)], paint)
    window = [(left + 0.22 * across, top + 0.4 * tall), (left + 0.3 * across, top + 0.08 * tall)]
    drawing.polygon(
        [*window, (right - 0.3 * across, top + 0.08 * tall), (right - 0.22 * across, top + 0.4 * tall)], glass
    )
    for wheel in (left + 0.06 * across, right - 0.18 * across):
        drawing.rounded_rectangle((wheel, foot - 0.2 * tall, wheel + 0.12 * across, foot), 8, _lit((36, 36, 38), light))
    lamp = (250, 240, 200) if light == "night" else _lit((240, 232, 200), light)
    for x in (left + 0.05 * across, right - 0.17 * across):
        drawing.ellipse((x, top + 0.5 * tall, x + 0.12 * across, top + 0.66 * tall), lamp)
    plate = PLATE_IN_CAR
    begins = left + plate.left * across, top + plate.top * tall
    ends = begins[0] + plate.width * across, begins[1] + plate.height * tall
    drawing.rectangle((*begins, *ends), (244, 244, 240))
    font = ImageFont.load_default(int(plate.height * tall * 0.8))
    middle = ((begins[0] + ends[0]) / 2, (begins[1] + ends[1]) / 2)
    drawing.text(middle, PLATE, (20, 20, 20), font=font, anchor="mm")


PLATE_IN_CAR = Box(0.34, 0.7, 0.32, 0.14)


def plate_of(car: Figure) -> Box:
    """Return where a car's plate is."""
    box, plate = car.box, PLATE_IN_CAR
    left, top = box.left + plate.left * box.width, box.top + plate.top * box.height
    return Box(left, top, plate.width * box.width, plate.height * box.height)


def _cat(drawing: ImageDraw.ImageDraw, box: Box, wide: int, high: int, light: str) -> None:
    left, top, across, tall = box.left * wide, box.top * high, box.width * wide, box.height * high
    fur = _lit((70, 62, 58), light)
    drawing.ellipse((left + 0.1 * across, top + 0.35 * tall, left + 0.8 * across, top + 0.85 * tall), fur)
    drawing.ellipse((left + 0.62 * across, top + 0.1 * tall, left + across, top + 0.6 * tall), fur)
    for ear in (0.66, 0.86):
        tip = (left + (ear + 0.05) * across, top)
        drawing.polygon(
            [(left + ear * across, top + 0.25 * tall), tip, (left + (ear + 0.1) * across, top + 0.25 * tall)], fur
        )
    for leg in (0.2, 0.34, 0.58, 0.7):
        drawing.rectangle((left + leg * across, top + 0.7 * tall, left + (leg + 0.07) * across, top + tall), fur)
    drawing.line((left + 0.12 * across, top + 0.5 * tall, left, top + 0.1 * tall), fur, int(0.09 * tall))


CAMERAS: dict[str, Callable[[ImageDraw.ImageDraw, int, int, str], None]] = {
    "yard": _yard,
    "gate": _gate,
    "garden": _garden,
}
FIGURES: dict[str, Callable[[ImageDraw.ImageDraw, Box, int, int, str], None]] = {
    "person": _person,
    "car": _car,
    "cat": _cat,
}
