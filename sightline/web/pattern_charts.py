"""The charts of patterns: a heat map, a histogram, and pairs of bars. Each value stands beside its shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, sqrt

from sightline.accuracy_report.charts import frame
from sightline.accuracy_report.drawing import ACCENT, FAINT, INK, SECOND, Chart, Line, Link, Rect, Shape, Words
from sightline.web.patterns import BAND, Cell, LabelOfMonths
from sightline.web.times import WEEKDAYS

STEPS = ("#e3eef9", "#b7d3ee", "#7fb0dd", "#2f6fa8", "#123f66")
"""One hue, from few to many. The style sheet has others for a dark page."""

ON_STEPS = (INK, INK, INK, "#ffffff", "#ffffff")
"""The colour of a number on each step."""

HOURS = range(24)

NAMES_WIDTH, CELL_WIDTH, CELL_HEIGHT, SUMS_WIDTH, HEAD = 48.0, 36.0, 32.0, 60.0, 28.0

Address = Callable[[Cell], str]


def step_of(images: int, most: int) -> int:
    """Return the step, from 0, of a number above 0: by its root, so that small numbers differ as well."""
    return max(ceil(len(STEPS) * sqrt(images / most)), 1) - 1


def heat_map(cells: Mapping[Cell, int], title: str, address: Address) -> Chart:
    """Draw weekdays as rows and hours as columns, with the sums of both. address: where a cell leads."""
    width = NAMES_WIDTH + CELL_WIDTH * len(HOURS) + SUMS_WIDTH
    height = HEAD + CELL_HEIGHT * (len(WEEKDAYS) + 1)
    right = NAMES_WIDTH + CELL_WIDTH * len(HOURS)
    shapes: list[Shape] = [Words(_middle(hour), HEAD / 2, f"{hour:02}", "middle") for hour in HOURS]
    shapes.append(Words(width - 8, HEAD / 2, "sum", "end"))
    for weekday, name in enumerate(WEEKDAYS, 1):
        y = _row(weekday)
        of_day = sum(cells.get((weekday, hour), 0) for hour in HOURS)
        shapes += [Line(NAMES_WIDTH, y + CELL_HEIGHT / 2, right, y + CELL_HEIGHT / 2, FAINT)]
        shapes += [Words(NAMES_WIDTH - 10, y, name, "end"), Words(width - 8, y, f"{of_day:,}", "end")]
    shapes += _cells(cells, address)
    bottom = _row(len(WEEKDAYS) + 1)
    shapes += [
        Words(NAMES_WIDTH - 10, bottom, "sum", "end"),
        Words(width - 8, bottom, f"{sum(cells.values()):,}", "end"),
    ]
    of_hours = [(hour, sum(cells.get((weekday, hour), 0) for weekday in range(1, 8))) for hour in HOURS]
    shapes += [Words(_middle(hour), bottom, _short(images), "middle", 11) for hour, images in of_hours if images]
    return Chart(title, width, height, shapes)


def _cells(cells: Mapping[Cell, int], address: Address) -> Iterator[Shape]:
    most = max(cells.values(), default=0)
    for (weekday, hour), images in sorted(cells.items()):
        step = step_of(images, most)
        left, top = _middle(hour) - CELL_WIDTH / 2, _row(weekday) - CELL_HEIGHT / 2
        number = Words(_middle(hour), _row(weekday), _short(images), "middle", 12, ON_STEPS[step])
        square = Rect(left + 1, top + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, STEPS[step])
        says = f"{WEEKDAYS[weekday - 1]} {hour:02}–{hour + 1:02} h: {images:,}"
        yield Link(address((weekday, hour)), says, [square, number])


def _middle(hour: int) -> float:
    return NAMES_WIDTH + CELL_WIDTH * (hour + 0.5)


def _row(weekday: int) -> float:
    return HEAD + CELL_HEIGHT * (weekday - 0.5)


def _short(images: int) -> str:
    """Return a number that fits into a cell."""
    return f"{images}" if images < 10_000 else f"{images / 1000:.0f}k"  # noqa: PLR2004 - four digits fit


HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT = 640.0, 320.0


def histogram(
    bands: Mapping[int, int], lowest: int, threshold: float | None, title: str, address: Callable[[int], str]
) -> Chart:
    """Draw a bar for each band of confidences. threshold: from where on the label counts as found, if it is watched."""
    plot = frame(HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, (lowest, 100), (0, 1.1 * max([*bands.values(), 1])))
    shapes: list[Shape] = [*plot.grid("confidence", "pictures", unit_x=" %")]
    for begin, images in sorted(bands.items()):
        left, right, top = plot.x.at(begin), plot.x.at(begin + BAND), plot.y.at(images)
        is_found = threshold is None or begin >= threshold
        bar = Rect(left + 1, top, right - left - 2, plot.y.at(0) - top, ACCENT if is_found else "#8aa4c4")
        number = Words((left + right) / 2, top - 9, _short(images), "middle", 11)
        shapes.append(Link(address(begin), f"{begin}–{begin + BAND} %: {images:,}", [bar, number]))
    if threshold is not None and threshold > lowest:
        x = plot.x.at(threshold)
        shapes += [Line(x, plot.y.at(0), x, plot.y.last_pixel, SECOND, 2)]
        shapes += [Words(x, plot.y.last_pixel - 8, f"counts from {threshold:g} %", "middle", 12)]
    return Chart(title, HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, shapes)


PAIRS_WIDTH, PAIR_HEIGHT, LABEL_WIDTH, NUMBER_WIDTH = 640.0, 44.0, 180.0, 60.0


def pairs(labels: Sequence[LabelOfMonths], before: str, after: str, title: str) -> Chart:
    """Draw two bars for each label: of a thousand pictures so many show it, before and after."""
    values = [
        (each.label, each.before_of_thousand, each.after_of_thousand)
        for each in labels
        if each.before_of_thousand is not None and each.after_of_thousand is not None
    ]
    most = max((value for _, *both in values for value in both), default=1) or 1
    scale = (PAIRS_WIDTH - LABEL_WIDTH - NUMBER_WIDTH) / most
    shapes: list[Shape] = []
    for x, name, colour in ((LABEL_WIDTH, before, ACCENT), (LABEL_WIDTH + 140, after, SECOND)):
        shapes += [Rect(x, 6, 16, 12, colour), Words(x + 24, 12, name)]
    for index, (name, *both) in enumerate(values):
        top = 32 + PAIR_HEIGHT * index
        shapes.append(Words(LABEL_WIDTH - 12, top + 16, name if len(name) <= 24 else f"{name[:23]}…", "end"))  # noqa: PLR2004
        for value, y, colour in zip(both, (top, top + 17), (ACCENT, SECOND), strict=True):
            shapes.append(Rect(LABEL_WIDTH, y, max(scale * value, 1), 15, colour))
            shapes.append(Words(LABEL_WIDTH + scale * value + 6, y + 7.5, f"{value:,.1f}", size=11))
    return Chart(title, PAIRS_WIDTH, 40 + PAIR_HEIGHT * len(values), shapes)
