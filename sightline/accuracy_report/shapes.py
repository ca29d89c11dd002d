"""What charts are made of: shapes in pixels, origin at the top left. They are drawn as SVG or as a picture alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Anchor: TypeAlias = Literal["start", "middle", "end"]

INK, FAINT, ACCENT, SECOND = "#1d2733", "#d5dbe3", "#1f5fae", "#c2571a"
"""Colours: text, grid, what is shown, what is shown beside it. Told apart without red and green."""


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
    """The inside of a polygon, faintly."""

    points: Sequence[tuple[float, float]]
    colour: str = "#d6e4f5"


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `y` is its middle."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 12.0
    colour: str = INK


Shape: TypeAlias = Line | Dot | Path | Area | Words


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its title."""

    title: str
    width: float
    height: float
    shapes: Sequence[Shape]
