"""The chart of precision and recall over the threshold."""

from collections.abc import Iterable, Iterator, Sequence

from sightline.accuracy_report.charts import PERCENT, Frame, frame
from sightline.accuracy_report.drawing import ACCENT, FAINT, INK, SECOND, Chart, Dot, Line, Path, Shape, Words
from sightline.stats.figures import Figure, Interval
from sightline.stats.operating_points import OperatingPoint

WIDTH, HEIGHT = 400.0, 320.0
"""Narrow enough that its words can be read on a telephone."""

SIZE = 15.0
"""Of the words."""

ASIDE = 2.5
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
        *_upright(plot, threshold_percent, "in use", FAINT),
        *(_upright(plot, shown_percent, f"{shown_percent:.0f} %", INK) if shown_percent != threshold_percent else ()),
        *_curve(plot, [(p.threshold_percent, p.precision) for p in points], ACCENT, 3, -ASIDE),
        *_curve(plot, [(p.threshold_percent, p.recall) for p in points], SECOND, 1.5, ASIDE),
        *_legend(plot),
    ]
    if not any(isinstance(figure, Interval) for point in points for figure in (point.precision, point.recall)):
        shapes.append(Words(WIDTH / 2, HEIGHT / 2, "not estimable yet", "middle", SIZE))
    return Chart(title, WIDTH, HEIGHT, shapes)


def _axes(plot: Frame, lowest: float) -> Iterator[Shape]:
    left, right, bottom = plot.x.first_pixel, plot.x.last_pixel, plot.y.first_pixel
    for tick in plot.y.ticks():
        yield Line(left, plot.y.at(tick), right, plot.y.at(tick), FAINT)
        yield Words(left - 8, plot.y.at(tick), f"{tick:.0f} %", "end", SIZE)
    for percent in range(int(-(-lowest // STEP) * STEP), 101, STEP):
        yield Line(plot.x.at(percent), bottom, plot.x.at(percent), bottom + 4)
        yield Words(plot.x.at(percent), bottom + 14, f"{percent}", "middle", SIZE)
    yield Line(left, bottom, right, bottom)
    yield Words((left + right) / 2, bottom + 34, "threshold in %", "middle", SIZE)


def _upright(plot: Frame, percent: float, name: str, colour: str) -> Iterator[Shape]:
    x, top = plot.x.at(percent), plot.y.last_pixel
    yield Line(x, plot.y.first_pixel, x, top, colour, 2)
    yield Words(x, top - 8, name, "middle", SIZE)


def _curve(
    plot: Frame, figures: Iterable[tuple[float, Figure]], colour: str, width: float, aside: float
) -> Iterator[Shape]:
    known = [(plot.x.at(percent) + aside, each) for percent, each in figures if isinstance(each, Interval)]
    yield Path([(x, plot.y.at(100 * each.median)) for x, each in known], colour, width)
    for x, each in known:
        yield Line(x, plot.y.at(100 * each.low), x, plot.y.at(100 * each.high), colour, 1.5)
        yield Dot(x, plot.y.at(100 * each.median), 3, colour)


def _legend(plot: Frame) -> Iterator[Shape]:
    top = plot.y.last_pixel - 28
    for x, name, colour, width in ((plot.x.first_pixel, "precision", ACCENT, 3.0), (190.0, "recall", SECOND, 1.5)):
        yield Line(x, top, x + 22, top, colour, width)
        yield Dot(x + 11, top, 3, colour)
        yield Words(x + 28, top, name, size=SIZE)
