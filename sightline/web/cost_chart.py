"""Cost by day as a chart of bars: what was paid, and above it what calls that ended unknown may have cost."""

from collections.abc import Mapping
from datetime import date

from sightline.accuracy_report.drawing import ACCENT, FAINT, Area, Chart, Line, Shape, Words
from sightline.services.costs import Amount
from sightline.web.times import short_day

WIDTH, NARROW_WIDTH = 640.0, 320.0
"""On a narrow screen the second is drawn, whose words can be read there."""

HEIGHT, LEFT, RIGHT, BOTTOM, TOP, SIZE = 220.0, 56.0, 20.0, 28.0, 14.0, 12.0
ROOM = HEIGHT - BOTTOM - TOP
FILLED = 0.7
"""Of a day's room."""

NAMED_DAYS = 5
STEPS = 2


def cost_chart(days: Mapping[date, Amount], title: str, width: float = WIDTH) -> Chart:
    """Return the bars of these days, the oldest first."""
    most = max((each.usd_at_most for each in days.values()), default=0.0) or 1.0
    shapes: list[Shape] = [each for step in range(STEPS + 1) for each in _grid(most * step / STEPS, most, width)]
    wide = (width - LEFT - RIGHT) / max(len(days), 1)
    every = max(1, len(days) // (NAMED_DAYS if width == WIDTH else NAMED_DAYS - 2))
    for place, (day, amount) in enumerate(days.items()):
        x = LEFT + wide * place
        shapes += [
            Area(_bar(x, wide * FILLED, 0.0, amount.usd, most), ACCENT),
            Area(_bar(x, wide * FILLED, amount.usd, amount.usd_at_most, most)),
        ]
        if (len(days) - 1 - place) % every == 0:
            shapes.append(Words(x + wide * FILLED / 2, HEIGHT - BOTTOM / 2, short_day(day), "middle", SIZE))
    return Chart(title, width, HEIGHT, shapes)


def _grid(usd: float, most: float, width: float) -> tuple[Shape, Shape]:
    y, named = _height(usd, most), f"{usd:.2f}" if most >= 1 else f"{usd:.4f}"
    return Line(LEFT, y, width - RIGHT, y, FAINT), Words(LEFT - 6, y, named, "end", SIZE)


def _bar(x: float, wide: float, low: float, high: float, most: float) -> list[tuple[float, float]]:
    bottom, top = _height(low, most), _height(high, most)
    return [(x, bottom), (x, top), (x + wide, top), (x + wide, bottom)]


def _height(usd: float, most: float) -> float:
    return HEIGHT - BOTTOM - ROOM * usd / most
