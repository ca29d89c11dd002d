"""The chart of precision and recall over the threshold."""

from collections.abc import Iterable, Iterator, Sequence

from sightline.accuracy_report.charts import PERCENT, Frame, frame
from sightline.accuracy_report.drawing import ACCENT, INK, SECOND, Chart, Dot, Line, Path, Shape, Words
from sightline.stats.figures import Figure, Interval
from sightline.stats.operating_points import OperatingPoint

WIDTH, HEIGHT = 480.0, 330.0
"""Narrow enough that its words can be read on a telephone."""

ASIDE = 3.0
"""How far the two marks of a threshold stand beside it, so that neither hides the other."""

STEP = 10


def precision_and_recall(
    points: Sequence[OperatingPoint], threshold_percent: float, shown_percent: float, label: str
) -> Chart:
    """Draw both for each threshold: the medians joined, the intervals as bars; and where one stands, and would stand.

    threshold_percent: the one in use; shown_percent: the one that is looked at
    """
    title = f"Precision and recall of {label} over the threshold"
    lowest = min(point.threshold_percent for point in points)
    plot = frame(WIDTH, HEIGHT, (lowest, 100.0), PERCENT)
    shapes = [
        *_axes(plot, lowest),
        *_upright(plot, threshold_percent, INK, 1),
        *_upright(plot, shown_percent, SECOND, 2),
        *_curve(plot, [(p.threshold_percent, p.precision) for p in points], ACCENT, 3, -ASIDE),
        *_curve(plot, [(p.threshold_percent, p.recall) for p in points], SECOND, 1.5, ASIDE),
        *_legend(plot),
    ]
    return Chart(title, WIDTH, HEIGHT, shapes)


def _axes(plot: Frame, lowest: float) -> Iterator[Shape]:
    left, right, bottom = plot.x.first_pixel, plot.x.last_pixel, plot.y.first_pixel
    yield from plot.grid("threshold", "", unit_y=" %")[: 2 * len(plot.y.ticks())]
    for percent in range(int(-(-lowest // STEP) * STEP), 101, STEP):
        yield Line(plot.x.at(percent), bottom, plot.x.at(percent), bottom + 4)
        yield Words(plot.x.at(percent), bottom + 14, f"{percent} %", "middle", 12)
    yield Line(left, bottom, right, bottom)
    yield Words((left + right) / 2, bottom + 34, "threshold", "middle", 12)


def _upright(plot: Frame, percent: float, colour: str, width: float) -> Iterator[Shape]:
    x = plot.x.at(percent)
    yield Line(x, plot.y.first_pixel, x, plot.y.last_pixel, colour, width)


def _curve(
    plot: Frame, figures: Iterable[tuple[float, Figure]], colour: str, width: float, aside: float
) -> Iterator[Shape]:
    known = [(plot.x.at(percent) + aside, each) for percent, each in figures if isinstance(each, Interval)]
    yield Path([(x, plot.y.at(100 * each.median)) for x, each in known], colour, width)
    for x, each in known:
        yield Line(x, plot.y.at(100 * each.low), x, plot.y.at(100 * each.high), colour, 1.5)
        yield Dot(x, plot.y.at(100 * each.median), 3, colour)


def _legend(plot: Frame) -> Iterator[Shape]:
    top = plot.y.last_pixel - 24
    for x, name, colour, width in ((plot.x.first_pixel, "precision", ACCENT, 3.0), (170.0, "recall", SECOND, 1.5)):
        yield Line(x, top, x + 22, top, colour, width)
        yield Dot(x + 11, top, 3, colour)
        yield Words(x + 28, top, name, size=12)
