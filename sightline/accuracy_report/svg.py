"""Charts as SVG."""

from collections.abc import Sequence
from html import escape

from sightline.accuracy_report.shapes import Area, Chart, Dot, Line, Path, Shape, Words


def svg_of(chart: Chart) -> str:
    """Draw a chart as an SVG element."""
    inside = "".join(map(_element, chart.shapes))
    box = f"0 0 {chart.width:g} {chart.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{chart.width:g}" height="{chart.height:g}" '
        f'role="img" aria-label="{escape(chart.title)}">{inside}</svg>'
    )


def _element(shape: Shape) -> str:
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


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
