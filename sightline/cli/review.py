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
from sightline.services.collaborators import Services
from sightline.services.review import (
    Progress,
    ToReview,
    ask_next,
    in_blind_order,
    newest_day,
    progress_of,
    read_cells,
    scope_of,
)
from sightline.services.review_plan import ask_planned, progress_of_plan, read_plan
from sightline.spreadsheets import write_rows
from sightline.stats.verdicts import Source
from sightline.stats.windows import LONGEST_WINDOW_DAYS, WINDOW_DAYS


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
@click.option("--open", "is_open", is_flag=True, help="Show what the detector said, too: not for those who answer.")
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
    is_open: bool,
) -> None:
    """List the images to look at next, negatives among them, in a random order that nobody chooses.

    What the detector said is hidden: people agree with an answer that they see. A verdict counts in the figures only
    if its image was listed here; others are kept as volunteered.
    """
    require_one_form(as_json=as_json, as_csv=as_csv)
    services = factory.services
    operations, plan = services.operations, services.accuracy
    name = label or plan.rules[0].label
    camera = likely_camera(camera, marked_cameras(operations)) if camera else None
    asked, progress, end_day = _ask(
        name, camera, day.date().isoformat() if day else None, int(window_days), count, services
    )
    shown = asked if is_open else in_blind_order(asked, plan.salt)
    if as_csv:
        write_sheet_to_fill_in(shown, is_open=is_open)
    elif as_json:
        images: list[Json] = [_as_json(each, is_open=is_open) for each in shown]
        print_json({"images": images, "progress": _progress_as_json(progress, is_open=is_open)})
    else:
        print_asked(shown, progress, f"{name}, {window_days} days up to {end_day}", is_open=is_open)


def _ask(
    label: str, camera: str | None, day: str | None, window_days: int, count: int, services: Services
) -> tuple[list[ToReview], Progress, str]:
    """Ask by the plan that beat has made of the longest window, if it holds enough; else read every image of it."""
    plan = services.accuracy
    planned = read_plan(plan.rule_of(label), window_days, services) if _is_planned(camera, window_days) else None
    if planned and day in {None, planned.rollup.end_day} and (progress := progress_of_plan(planned, services)):
        asked = ask_planned(planned, count, services)
        if len(asked) == count:
            return asked, progress, planned.rollup.end_day
    end_day = day or newest_day(camera, services.operations)
    cells = read_cells(scope_of(label, camera, end_day, window_days, services.operations), services)
    return ask_next(cells, count, services), progress_of(cells, plan.target_points), end_day


def _is_planned(camera: str | None, window_days: int) -> bool:
    """Return whether the window is long enough not to be read while somebody waits. Plans are of all cameras."""
    return camera is None and window_days == LONGEST_WINDOW_DAYS


def print_asked(asked: Sequence[ToReview], progress: Progress, title: str, *, is_open: bool) -> None:
    """Print the images, and the progress of the review."""
    heads = ("image", *DETECTOR, "link") if is_open else ("image", "link")
    rows = [(each.request.candidate.image_id, *_detector(each, is_open=is_open), each.link) for each in asked]
    print_table(title, heads, rows, empty="every image is reviewed")
    more = sum(progress.advice.more.values())
    recall = said(progress.recall, progress.recall)
    click.echo(f"{progress.reviewed} reviewed, {more} more needed for the target; recall: {recall}")
    if is_open:  # the advice names strata: of a short list it would tell which one each image is of
        click.echo(f"Next: {progress.advice.sentence()}.")
    if progress.held_back:
        click.echo(f"{progress.held_back} verdicts wait for images earlier in the order; this list shows those first.")


DETECTOR = ("stratum", "confidence")
"""The columns that say what the detector said."""


def _detector(each: ToReview, *, is_open: bool) -> tuple[object, ...]:
    candidate = each.request.candidate
    return (candidate.stratum, candidate.confidence_percent) if is_open else ()


def write_sheet_to_fill_in(asked: Sequence[ToReview], *, is_open: bool) -> None:
    """Write CSV with an empty column `verdict`; `content` identifies the bytes, `source` says that the queue asked."""
    extra = DETECTOR if is_open else ()
    rows: list[tuple[object, ...]] = [("uri", "verdict", "label", "content", "source", *extra, "link")]
    for each in asked:
        image, label = each.request.candidate, each.request.cell.label
        shown = _detector(each, is_open=is_open)
        rows.append((image.image_id, "", label, image.content, Source.SAMPLED, *shown, each.link))
    write_rows(rows, sys.stdout)


def _as_json(each: ToReview, *, is_open: bool) -> dict[str, Json]:
    image, cell = each.request.candidate, each.request.cell
    told: dict[str, Json] = {"stratum": image.stratum, "confidence": image.confidence_percent} if is_open else {}
    return {
        "uri": image.image_id,
        "camera": cell.camera,
        "day": cell.day,
        "label": cell.label,
        **told,
        "content": image.content,
        "link": each.link,
    }


def _progress_as_json(progress: Progress, *, is_open: bool) -> dict[str, Json]:
    more: dict[str, Json] = {str(stratum): count for stratum, count in progress.advice.more.items()}
    return {
        "reviewed": progress.reviewed,
        **({"more": more} if is_open else {}),
        "more_in_all": sum(progress.advice.more.values()),
        "expected_half_width": progress.advice.half_width,
        "held_back": progress.held_back,
        "recall": said(progress.recall, progress.recall),
    }
