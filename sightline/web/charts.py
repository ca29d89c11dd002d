"""Charts as pages show them, and as pictures of their own."""

import io
from dataclasses import replace

from markupsafe import Markup

from sightline.accuracy_report.drawing import Chart, picture_of, svg_of
from sightline.names import printable


def drawn(chart: Chart) -> Markup:
    """Return a chart for a page. Its words are escaped where it is drawn, and none of them hides a character."""
    return Markup(printable(svg_of(chart)))  # noqa: S704 - `svg_of` escapes


def png_of(chart: Chart) -> bytes:
    """Return a chart as a PNG, under its title."""
    file = io.BytesIO()
    picture_of(replace(chart, title=printable(chart.title))).save(file, "PNG")
    return file.getvalue()
