"""The charts of patterns: a heat map, a histogram, and pairs of bars. Each value stands beside its shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
CELL_HEIGHT, HEAD = 32.0, 28.0

Address = Callable[[Cell], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the cells of a heat map stand.

    margin: between the sums and the edge; is_tall: weekdays are the columns instead of the hours
    """

    columns: Sequence[str]
    rows: Sequence[str]
    names_width: float
    cell_width: float
    sums_width: float
    margin: float
    is_tall: bool = False

    @property
    def right(self) -> float:
        """Return where the last column ends."""
        return self.names_width + self.cell_width * len(self.columns)

    @property
    def width(self) -> float:
        """Return the width of the whole."""
        return self.right + self.sums_width

    def cell(self, column: int, row: int) -> Cell:
        """Return the weekday and hour at a place."""
        return (column + 1, row) if self.is_tall else (row + 1, column)

    def middle(self, column: int) -> float:
        """Return the middle of a column."""
        return self.names_width + self.cell_width * (column + 0.5)

    def level(self, row: int) -> float:
        """Return the middle of a row."""
        return HEAD + CELL_HEIGHT * (row + 0.5)


HOUR_NAMES = [f"{hour:02}" for hour in HOURS]
WIDE = Layout(HOUR_NAMES, WEEKDAYS, 48.0, 36.0, 60.0, 8.0)
TALL = Layout(WEEKDAYS, HOUR_NAMES, 34.0, 39.0, 49.0, 2.0, is_tall=True)
"""For a narrow screen, on which its numbers can still be read."""


def step_of(images: int, most: int) -> int:
    """Return the step, from 0, of a number above 0: by its root, so that small numbers differ as well."""
    return max(ceil(len(STEPS) * sqrt(images / most)), 1) - 1


def heat_map(cells: Mapping[Cell, int], title: str, address: Address, layout: Layout = WIDE) -> Chart:
    """Draw weekdays against hours, with the sums of both. address: where a cell leads."""
    columns, rows = range(len(layout.columns)), range(len(layout.rows))
    end = layout.width - layout.margin
    shapes: list[Shape] = [
        Words(layout.middle(column), HEAD / 2, name, "middle") for column, name in enumerate(layout.columns)
    ]
    shapes.append(Words(end, HEAD / 2, "sum", "end"))
    for row, name in enumerate(layout.rows):
        y, of_row = layout.level(row), sum(cells.get(layout.cell(column, row), 0) for column in columns)
        shapes += [Line(layout.names_width, y + CELL_HEIGHT / 2, layout.right, y + CELL_HEIGHT / 2, FAINT)]
        shapes += [Words(layout.names_width - 10, y, name, "end"), Words(end, y, f"{of_row:,}", "end")]
    shapes += _cells(cells, address, layout)
    bottom = layout.level(len(rows))
    shapes += [
        Words(layout.names_width - 6, bottom, "sum", "end"),
        Words(end, bottom, f"{sum(cells.values()):,}", "end"),
    ]
    of_columns = [(column, sum(cells.get(layout.cell(column, row), 0) for row in rows)) for column in columns]
    shapes += [Words(layout.middle(at), bottom, _short(images), "middle") for at, images in of_columns if images]
    return Chart(title, layout.width, HEAD + CELL_HEIGHT * (len(rows) + 1), shapes)


def _cells(cells: Mapping[Cell, int], address: Address, layout: Layout) -> Iterator[Shape]:
    most = max(cells.values(), default=0)
    for (weekday, hour), images in sorted(cells.items()):
        column, row = (weekday - 1, hour) if layout.is_tall else (hour, weekday - 1)
        step, middle, level = step_of(images, most), layout.middle(column), layout.level(row)
        left, top = middle - layout.cell_width / 2, level - CELL_HEIGHT / 2
        number = Words(middle, level, _short(images), "middle", 12, ON_STEPS[step])
        square = Rect(left + 1, top + 1, layout.cell_width - 2, CELL_HEIGHT - 2, STEPS[step])
        says = f"{WEEKDAYS[weekday - 1]} {hour:02}–{hour + 1:02} h: {images:,}"
        yield Link(address((weekday, hour)), says, [square, number])


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
