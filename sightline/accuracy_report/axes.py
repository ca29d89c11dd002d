"""From values to pixels: a frame with ticks and grid, into which the charts draw."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

from sightline.accuracy_report.shapes import FAINT, Line, Shape, Words

LEFT, RIGHT, TOP, BOTTOM = 64.0, 24.0, 16.0, 48.0
TICKS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values and the pixels that it covers."""

    low: float
    high: float
    first_pixel: float
    last_pixel: float

    def at(self, value: float) -> float:
        """Give the pixel of a value."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.first_pixel + share * (self.last_pixel - self.first_pixel)

    def ticks(self) -> list[float]:
        """Give round values over the range, about five."""
        step = _round_step((self.high - self.low) / TICKS)
        return [step * n for n in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Frame:
    """Two axes, y upwards."""

    x: Axis
    y: Axis

    def grid(self, x_name: str, y_name: str, *, unit_x: str = "", unit_y: str = "") -> list[Shape]:
        """Draw ticks, grid and names of the axes."""
        left, right, bottom, top = self.x.first_pixel, self.x.last_pixel, self.y.first_pixel, self.y.last_pixel
        shapes: list[Shape] = [
            *(Line(left, self.y.at(tick), right, self.y.at(tick), FAINT) for tick in self.y.ticks()),
            *(Words(left - 8, self.y.at(tick), f"{tick:,.4g}{unit_y}", "end", 11) for tick in self.y.ticks()),
            *(Line(self.x.at(tick), bottom, self.x.at(tick), bottom + 4) for tick in self.x.ticks()),
            *(Words(self.x.at(tick), bottom + 14, f"{tick:,.4g}{unit_x}", "middle", 11) for tick in self.x.ticks()),
        ]
        names = [Words((left + right) / 2, bottom + 34, x_name, "middle"), Words(left - 56, top - 20, y_name)]
        return [*shapes, Line(left, bottom, right, bottom), *names]


def frame(width: float, height: float, x: tuple[float, float], y: tuple[float, float]) -> Frame:
    """Make a frame for these ranges; the name of the y axis stands above it."""
    return Frame(Axis(*x, LEFT, width - RIGHT), Axis(*y, height - BOTTOM, TOP + 22))


def range_of(values: Iterable[float]) -> tuple[float, float]:
    """Give 0 to a little above the greatest value."""
    return 0.0, max([*values, 1e-9]) * 1.05


def _round_step(step: float) -> float:
    """Give 1, 2 or 5 times a power of ten that is not below the step."""
    magnitude = float(10 ** floor(log10(max(step, 1e-12))))
    return next(n * magnitude for n in (1, 2, 5, 10) if n * magnitude >= step - 1e-12)
