"""The chart of the cameras as a picture."""

from pathlib import Path as File

from PIL import Image, ImageDraw, ImageFont

from sightline.accuracy_report.charts import recall_by_camera
from sightline.accuracy_report.shapes import Area, Chart, Dot, Line, Path, Shape, Words
from sightline.services.rollups.report import Report

SCALE = 2
"""Pixels for each of the chart's: readable on a fine screen."""

MARGIN = 40.0
_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def write_picture(report: Report, file: File) -> None:
    """Write the chart of the cameras as PNG."""
    chart = recall_by_camera(report)
    title = f"{chart.title}, {report.window_days} days up to {report.end_day}"
    picture_of(Chart(title, chart.width, chart.height, chart.shapes)).save(file, "PNG")


def picture_of(chart: Chart) -> Image.Image:
    """Draw a chart on white, under its title."""
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
            draw.text(_at(x, y), text.replace("–", "-"), colour, font, _ANCHORS[anchor])  # Pillow's font has no dash


def _at(x: float, y: float) -> tuple[float, float]:
    return SCALE * x, SCALE * (y + MARGIN)
