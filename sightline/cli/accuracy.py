"""`sightline accuracy`: how good the detector is, with intervals."""

import sys
from datetime import datetime
from pathlib import Path

import click

from sightline.accuracy_report.charts import write_picture
from sightline.accuracy_report.data import report_to_json, write_csv
from sightline.accuracy_report.page import write_page
from sightline.accuracy_report.words import COLUMNS, notes, table_rows
from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera, marked_cameras
from sightline.cli.output import json_option, print_json, print_table, require_one_form
from sightline.cli.param_types import DAY
from sightline.cli.writing import writing
from sightline.names import printable
from sightline.services.rollups.report import Report, read_report
from sightline.stats.windows import WINDOW_DAYS

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--camera", help="Only this camera.")
@click.option("--label", help="A watched label; default: the first one.")
@click.option(
    "--window",
    "window_days",
    type=click.Choice([str(n) for n in WINDOW_DAYS]),
    default="7",
    show_default=True,
    help="Days.",
)
@click.option("--day", type=DAY, help="The last capture day of the window; default: the newest.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--html", type=FILE, help="Write a report with charts, as one self-contained file.")
@click.option("--png", type=FILE, help="Write the chart of recall by camera as a PNG file.")
@click.pass_obj
def accuracy(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    camera: str | None,
    label: str | None,
    window_days: str,
    day: datetime | None,
    html: Path | None,
    png: Path | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show precision, recall, F1 and missed images for each camera, with intervals."""
    require_one_form(as_json=as_json, as_csv=as_csv)
    rollups, plan = factory.services.rollups, factory.services.accuracy
    camera = likely_camera(camera, marked_cameras(factory.services.operations)) if camera else None
    name = label or plan.rules[0].label
    report = read_report(rollups, plan, name, camera, int(window_days), day.date().isoformat() if day else None)
    if html:
        with writing(html):
            write_page(report, html)
        click.echo(f"{html}: written", err=True)
    if png:
        with writing(png):
            write_picture(report, png)
        click.echo(f"{png}: written", err=True)
    if as_json:
        print_json(report_to_json(report))
    elif as_csv:
        write_csv(report, sys.stdout)
    elif not (html or png):
        print_report(report)


def print_report(report: Report) -> None:
    """Print the table, followed by the notes needed to read it."""
    days = "day" if report.window_days == 1 else "days"
    print_table(f"{report.rule.label}, {report.window_days} {days} up to {report.end_day}", COLUMNS, table_rows(report))
    for line in notes(report):
        click.echo(printable(line))
