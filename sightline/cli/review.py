"""`sightline review`: the images that a person should look at next."""

import sys
from collections.abc import Sequence
from datetime import datetime

import click

from sightline.accuracy_report.words import said
from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera, marked_cameras
from sightline.cli.output import json_option, print_json, print_table, require_one_form
from sightline.cli.param_types import DAY
from sightline.models.answers import Json
from sightline.services.review import Progress, ToReview, ask_next, newest_day, progress_of, read_cells, scope_of
from sightline.spreadsheets import write_rows
from sightline.stats.windows import WINDOW_DAYS


@click.group()
def review() -> None:
    """List the images whose verdicts would improve the figures most."""


@review.command(name="next")
@click.option("--camera", help="Only this camera's images.")
@click.option("--label", help="A watched label; default: the first one.")
@click.option("--day", type=DAY, help="The last capture day; default: the newest.")
@click.option(
    "--window",
    "window_days",
    type=click.Choice([str(n) for n in WINDOW_DAYS]),
    default="1",
    show_default=True,
    help="Days.",
)
@click.option("--count", type=click.IntRange(1, 5000), default=40, show_default=True, help="How many images.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print a sheet to fill in, for `sightline verdicts import`.")
@click.pass_obj
def next_command(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    camera: str | None,
    label: str | None,
    day: datetime | None,
    window_days: str,
    count: int,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the images to look at next, negatives among them, in a random order that nobody chooses.

    A verdict counts in the figures only if its image was listed here; others are kept as volunteered.
    """
    require_one_form(as_json=as_json, as_csv=as_csv)
    services = factory.services
    operations, plan = services.operations, services.accuracy
    name = label or plan.rules[0].label
    camera = likely_camera(camera, marked_cameras(operations)) if camera else None
    end_day = day.date().isoformat() if day else newest_day(camera, operations)
    cells = read_cells(scope_of(name, camera, end_day, int(window_days), operations), services)
    asked, progress = ask_next(cells, count, services), progress_of(cells, plan.target_points)
    if as_csv:
        write_sheet_to_fill_in(asked)
    elif as_json:
        print_json({"images": [_as_json(each) for each in asked], "progress": _progress_as_json(progress)})
    else:
        print_asked(asked, progress, f"{name}, {window_days} days up to {end_day}")


def print_asked(asked: Sequence[ToReview], progress: Progress, title: str) -> None:
    """Print the images, and the progress of the review."""
    rows = [
        (
            each.request.candidate.image_id,
            each.request.candidate.stratum,
            each.request.candidate.confidence_percent,
            each.link,
        )
        for each in asked
    ]
    print_table(title, ("image", "stratum", "confidence", "link"), rows, empty="every image is reviewed")
    more = sum(progress.advice.more.values())
    recall = said(progress.recall, progress.recall)
    click.echo(f"{progress.reviewed} reviewed, {more} more needed for the target; recall: {recall}")
    click.echo(f"Next: {progress.advice.sentence()}.")
    if progress.held_back:
        click.echo(f"{progress.held_back} verdicts wait for images earlier in the order; this list shows those first.")


def write_sheet_to_fill_in(asked: Sequence[ToReview]) -> None:
    """Write CSV with an empty column `verdict`; `content` identifies the bytes that were shown."""
    rows: list[tuple[object, ...]] = [("uri", "verdict", "label", "content", "stratum", "confidence", "link")]
    for each in asked:
        image = each.request.candidate
        label, confidence = each.request.cell.label, image.confidence_percent
        rows.append((image.image_id, "", label, image.content, image.stratum, confidence, each.link))
    write_rows(rows, sys.stdout)


def _as_json(each: ToReview) -> dict[str, Json]:
    image, cell = each.request.candidate, each.request.cell
    return {
        "uri": image.image_id,
        "camera": cell.camera,
        "day": cell.day,
        "label": cell.label,
        "stratum": image.stratum,
        "confidence": image.confidence_percent,
        "content": image.content,
        "link": each.link,
    }


def _progress_as_json(progress: Progress) -> dict[str, Json]:
    return {
        "reviewed": progress.reviewed,
        "more": {str(stratum): count for stratum, count in progress.advice.more.items()},
        "expected_half_width": progress.advice.half_width,
        "held_back": progress.held_back,
        "recall": said(progress.recall, progress.recall),
    }
