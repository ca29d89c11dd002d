"""The charts of the report, and the axes that they are drawn on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path as File
from typing import BinaryIO

from sightline.accuracy_report.drawing import (
    ACCENT,
    FAINT,
    INK,
    SECOND,
    Area,
    Chart,
    Dot,
    Line,
    Path,
    Shape,
    Words,
    picture_of,
)
from sightline.accuracy_report.words import camera_of, figure_words
from sightline.services.rollups.report import Report, Row
from sightline.stats.curves import CalibrationBin, SweepPoint
from sightline.stats.figures import Interval

LEFT, RIGHT, TOP, BOTTOM = 64.0, 24.0, 16.0, 48.0
TICKS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values, and the pixels that it is mapped to."""

    low: float
    high: float
    first_pixel: float
    last_pixel: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.first_pixel + share * (self.last_pixel - self.first_pixel)

    def ticks(self) -> list[float]:
        """Return about five round values in the range."""
        step = _round_step((self.high - self.low) / TICKS)
        return [step * n for n in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Frame:
    """Two axes, with y pointing up."""

    x: Axis
    y: Axis

    def grid(self, x_name: str, y_name: str, *, unit_x: str = "", unit_y: str = "") -> list[Shape]:
        """Return the ticks, the grid and the names of the axes."""
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
    """Return a frame for these ranges, with room for the y axis's name above it."""
    return Frame(Axis(*x, LEFT, width - RIGHT), Axis(*y, height - BOTTOM, TOP + 22))


def range_of(values: Iterable[float]) -> tuple[float, float]:
    """Return a range from 0 to slightly above the greatest value."""
    return 0.0, max([*values, 1e-9]) * 1.05


def _round_step(step: float) -> float:
    """Return the smallest of 1, 2, 5 or 10 times a power of ten that is not below the step."""
    magnitude = float(10 ** floor(log10(max(step, 1e-12))))
    return next(n * magnitude for n in (1, 2, 5, 10) if n * magnitude >= step - 1e-12)


WIDTH, HEIGHT = 640.0, 340.0
ROW_HEIGHT = 34.0
NAME_WIDTH = 170.0
WORDS_WIDTH = 150.0
PERCENT = (0.0, 100.0)


def recall_by_camera(report: Report) -> Chart:
    """Draw a dot and an interval for each camera; a thin line shows how far unknown images could move it."""
    height = 56 + ROW_HEIGHT * len(report.rows)
    axis = Axis(0, 100, NAME_WIDTH, WIDTH - WORDS_WIDTH)
    bottom = height - 34
    shapes: list[Shape] = []
    for tick in range(0, 101, 20):
        shapes += [Line(axis.at(tick), 8, axis.at(tick), bottom, FAINT)]
        shapes += [Words(axis.at(tick), bottom + 14, f"{tick} %", "middle", 11)]
    for index, row in enumerate(report.rows):
        shapes += _camera(row, 8 + ROW_HEIGHT * (index + 0.5), axis, with_model=len(report.models) > 1)
    title = f"Recall of {report.rule.label}: the share of what is there that was found"
    return Chart(title, WIDTH, height, shapes)


def _camera(row: Row, y: float, axis: Axis, *, with_model: bool) -> list[Shape]:
    best, worst = row.window.bracket.at_best.recall, row.window.bracket.at_worst.recall
    name = f"{camera_of(row)}, {row.rollup.key.model}" if with_model else camera_of(row)
    words: list[Shape] = [
        Words(NAME_WIDTH - 12, y, _short(name), "end"),
        Words(WIDTH - WORDS_WIDTH + 12, y, figure_words(row.window)[1], size=11),
    ]
    if not isinstance(best, Interval) or not isinstance(worst, Interval):
        return words
    return [
        *words,
        Line(axis.at(100 * worst.low), y, axis.at(100 * best.high), y, ACCENT, 1),
        Line(axis.at(100 * best.low), y, axis.at(100 * best.high), y, ACCENT, 4),
        Dot(axis.at(100 * best.median), y, 6),
    ]


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"  # noqa: PLR2004 - what fits into NAME_WIDTH


@dataclass(frozen=True, slots=True)
class _Trade:
    """What a threshold would do: how many images to look at, and how many missed."""

    threshold_percent: float
    images: float
    missed: Interval


def sweep_curve(points: Sequence[SweepPoint], threshold_percent: float, label: str, span: str, days: int = 1) -> Chart:
    """Draw the effect of other thresholds: images to look at against images missed.

    span: in which time, such as `in 7 days`; days: by how many the numbers of the points are divided for it
    """
    title = f"Another threshold: images to look at against images with {label} missed, {span}"
    known = [
        _Trade(point.threshold_percent, point.images / days, _divided(point.missed, days))
        for point in points
        if isinstance(point.missed, Interval)
    ]
    if not known:
        return _empty(title, "not estimable before negatives are reviewed")
    plot = frame(WIDTH, HEIGHT, range_of(each.images for each in known), range_of(each.missed.high for each in known))
    x, y = plot.x, plot.y
    upper = [(x.at(each.images), y.at(each.missed.high)) for each in known]
    lower = [(x.at(each.images), y.at(each.missed.low)) for each in known]
    middle = [(x.at(each.images), y.at(each.missed.median)) for each in known]
    shapes: list[Shape] = [
        Area([*upper, *reversed(lower)]),
        *plot.grid(f"images to look at {span}", f"images missed {span}"),
        Path(middle),
    ]
    for each, at in zip(known, middle, strict=True):
        is_current = each.threshold_percent == threshold_percent
        shapes.append(Dot(*at, 6 if is_current else 3, SECOND if is_current else ACCENT))
    return Chart(title, WIDTH, HEIGHT, [*shapes, *_thresholds(known, plot)])


def _divided(figure: Interval, days: int) -> Interval:
    return Interval(figure.low / days, figure.median / days, figure.high / days)


def _thresholds(known: Sequence[_Trade], plot: Frame) -> Iterable[Shape]:
    """Label the points with their thresholds, as far as there is room."""
    last = (-100.0, -100.0)
    for each in known:
        at = plot.x.at(each.images), plot.y.at(each.missed.median)
        if abs(at[0] - last[0]) > 40 or abs(at[1] - last[1]) > 18:  # noqa: PLR2004 - the pixels that a label takes
            yield Words(at[0] + 8, at[1] - 11, f"{each.threshold_percent:.0f} %", size=11)
            last = at


def reliability(bins: Sequence[CalibrationBin], label: str) -> Chart:
    """Draw how often each confidence is right, with its number of images; a point on the line is well calibrated."""
    title = f"Is a confidence right? Share of images that do show {label}"
    if not bins:
        return _empty(title, "no image has this label")
    plot = frame(WIDTH, HEIGHT, PERCENT, PERCENT)
    x, y = plot.x, plot.y
    shapes = [*plot.grid("confidence", "share", unit_x=" %", unit_y=" %")]
    shapes.append(Line(x.at(0), y.at(0), x.at(100), y.at(100), FAINT, 2))
    numbers = [(x.at(one.mean_percent), f"{one.decided}/{one.images}") for one in bins]
    levels = _levels([(middle, len(text) * DIGIT_WIDTH) for middle, text in numbers])
    for one, (middle, text), level in zip(bins, numbers, levels, strict=True):
        shapes.append(Words(middle, y.at(0) - 10 - LEVEL_HEIGHT * level, text, "middle", 10))
        if isinstance(one.share, Interval):
            low, median, high = (y.at(100 * end) for end in (one.share.low, one.share.median, one.share.high))
            shapes += [Line(middle, low, middle, high, ACCENT, 3), Dot(middle, median, 5)]
    above = y.at(0) - 26 - LEVEL_HEIGHT * max(levels)
    shapes.append(Words(WIDTH - RIGHT, above, "reviewed / images", "end", 10))
    return Chart(title, WIDTH, HEIGHT, shapes)


DIGIT_WIDTH, LEVEL_HEIGHT = 6.5, 13.0
"""Pixels that a digit takes in the wider of the usual fonts at size 10, and a line of them."""


def _levels(words: Sequence[tuple[float, float]]) -> list[int]:
    """Return how many lines up each of some words goes so that none overlaps another. words: middle and width."""
    ends: list[float] = []
    levels = []
    for left, right in ((middle - width / 2, middle + width / 2) for middle, width in words):
        level = next((n for n, end in enumerate(ends) if end + DIGIT_WIDTH / 2 <= left), len(ends))
        ends[level : level + 1] = [right]
        levels.append(level)
    return levels


def recall_over_days(line: Sequence[Row], window_days: int) -> Chart:
    """Draw recall on each of the last days."""
    title = "Recall day by day" + (f": each point covers the {window_days} days up to it" if window_days > 1 else "")
    known = [(index, row.window.figures.recall) for index, row in enumerate(line)]
    drawn = [(index, recall) for index, recall in known if isinstance(recall, Interval)]
    if not drawn:
        return _empty(title, "not estimable yet")
    plot = frame(WIDTH, HEIGHT, (0, max(len(line) - 1, 1)), PERCENT)
    upper = [(plot.x.at(index), plot.y.at(100 * one.high)) for index, one in drawn]
    lower = [(plot.x.at(index), plot.y.at(100 * one.low)) for index, one in drawn]
    middle = [(plot.x.at(index), plot.y.at(100 * one.median)) for index, one in drawn]
    return Chart(
        title,
        WIDTH,
        HEIGHT,
        [
            Area([*upper, *reversed(lower)]),
            *_percent_grid(plot),
            *_days(line, plot.x, plot.y.first_pixel),
            Path(middle),
            *(Dot(*point, 3) for point in middle),
        ],
    )


def _percent_grid(plot: Frame) -> Iterable[Shape]:
    for tick in plot.y.ticks():
        yield Line(LEFT, plot.y.at(tick), WIDTH - RIGHT, plot.y.at(tick), FAINT)
        yield Words(LEFT - 8, plot.y.at(tick), f"{tick:.0f} %", "end", 11)


def _days(line: Sequence[Row], x: Axis, bottom: float) -> Iterable[Shape]:
    yield Line(LEFT, bottom, WIDTH - RIGHT, bottom, INK)
    every = max(1, len(line) // 4)
    for index in range(0, len(line), every):
        yield Words(x.at(index), bottom + 14, line[index].rollup.key.end_day[5:], "middle", 11)


def _empty(title: str, why: str) -> Chart:
    return Chart(title, WIDTH, 80, [Words(WIDTH / 2, 40, why, "middle", 13)])


def write_picture(report: Report, file: File | BinaryIO) -> None:
    """Write the chart of recall by camera as PNG."""
    chart = recall_by_camera(report)
    title = f"{chart.title}, {report.window_days} days up to {report.end_day}"
    picture_of(Chart(title, chart.width, chart.height, chart.shapes)).save(file, "PNG")
