"""Shapes in pixels, with the origin at the top left, and the two formats they are drawn in: SVG and PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from PIL import Image, ImageDraw, ImageFont

Anchor: TypeAlias = Literal["start", "middle", "end"]

INK, FAINT, ACCENT, SECOND = "#1d2733", "#d5dbe3", "#1f5fae", "#c2571a"
"""Colours of text, grid, data and highlights; people who cannot tell red from green can tell them apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = INK
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float = 4.0
    colour: str = ACCENT


@dataclass(frozen=True, slots=True)
class Path:
    """Points joined by lines."""

    points: Sequence[tuple[float, float]]
    colour: str = ACCENT
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon filled with a light colour."""

    points: Sequence[tuple[float, float]]
    colour: str = "#d6e4f5"


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text, vertically centred on `y`."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 12.0
    colour: str = INK


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle, from its top left."""

    x: float
    y: float
    width: float
    height: float
    colour: str = ACCENT


@dataclass(frozen=True, slots=True)
class Link:
    """Shapes that lead somewhere, where the format can; `says` is what a screen reader reads."""

    address: str
    says: str
    shapes: Sequence["Shape"]


Shape: TypeAlias = Line | Dot | Path | Area | Words | Rect | Link


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its title."""

    title: str
    width: float
    height: float
    shapes: Sequence[Shape]


def svg_of(chart: Chart) -> str:
    """Return a chart as an SVG element; one with links is a group of them, not one picture."""
    role = "group" if any(isinstance(shape, Link) for shape in chart.shapes) else "img"
    inside = "".join(map(_element, chart.shapes))
    box = f"0 0 {chart.width:g} {chart.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{chart.width:g}" height="{chart.height:g}" '
        f'role="{role}" aria-label="{escape(chart.title)}">{inside}</svg>'
    )


def _element(shape: Shape) -> str:  # noqa: PLR0911 - one for each shape
    match shape:
        case Line(x1, y1, x2, y2, colour, width):
            ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            return f'<line {ends} stroke="{colour}" stroke-width="{width:g}" stroke-linecap="round"/>'
        case Dot(x, y, radius, colour):
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'
        case Path(points, colour, width):
            return f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
        case Area(points, colour):
            return f'<polygon points="{_points(points)}" fill="{colour}"/>'
        case Words(x, y, text, anchor, size, colour):
            place = f'x="{x:.1f}" y="{y:.1f}" dy="0.35em" text-anchor="{anchor}"'
            return f'<text {place} font-size="{size:g}" fill="{colour}">{escape(text)}</text>'
        case Rect(x, y, width, height, colour):
            return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
        case Link():
            return _link(shape)


def _link(link: Link) -> str:
    inside = "".join(map(_element, link.shapes))
    return f'<a href="{escape(link.address)}" aria-label="{escape(link.says)}">{inside}</a>'


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


SCALE = 2
"""Pixels per unit of the chart, for high-resolution screens."""

MARGIN = 40.0
_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def picture_of(chart: Chart) -> Image.Image:
    """Return a chart drawn on white, under its title."""
    size = (round(SCALE * chart.width), round(SCALE * (chart.height + MARGIN)))
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    _draw(draw, Words(16, 20 - MARGIN, chart.title, size=15))
    for shape in chart.shapes:
        _draw(draw, shape)
    return image


def _draw(draw: ImageDraw.ImageDraw, shape: Shape) -> None:
    match shape:
        case Line(x1, y1, x2, y2, colour, width):
            draw.line([_at(x1, y1), _at(x2, y2)], colour, round(SCALE * width))
        case Dot(x, y, radius, colour):
            draw.circle(_at(x, y), SCALE * radius, colour)
        case Path(points, colour, width):
            draw.line([_at(*point) for point in points], colour, round(SCALE * width))
        case Area(points, colour):
            draw.polygon([_at(*point) for point in points], colour)
        case Words(x, y, text, anchor, size, colour):
            font = ImageFont.load_default(SCALE * size)
            draw.text(_at(x, y), text.replace("–", "-"), colour, font, _ANCHORS[anchor])  # Pillow's font has no en dash
        case Rect(x, y, width, height, colour):
            draw.rectangle([_at(x, y), _at(x + width, y + height)], colour)
        case Link(_, _, shapes):
            for each in shapes:
                _draw(draw, each)


def _at(x: float, y: float) -> tuple[float, float]:
    return SCALE * x, SCALE * (y + MARGIN)
