"""`sightline clock`: what a camera's clock showed, and its correction."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera, marked_cameras
from sightline.cli.output import json_option, print_json, print_table
from sightline.progress import counted
from sightline.services import clock as clocks
from sightline.spelling import spell

SEGMENTS_SHOWN = 20
MOST_DAYS = 100_000

_SHIFT = re.compile(r"([+-]?)((?:[0-9]{1,6}(?:d|h|min|s))+)")
_PART = re.compile(r"([0-9]+)(d|h|min|s)")
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


class Shift(click.ParamType[timedelta]):
    """`2h`, `-1h30min` or `+5479d8h`: what is added to the capture times."""

    name = "shift"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the shift; raise BadParameter for anything else, or for more than centuries."""
        if isinstance(value, timedelta):
            return value
        found = _SHIFT.fullmatch(value)
        seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(found[2])) if found else 0
        if not 0 < seconds <= MOST_DAYS * _SECONDS["d"]:
            self.fail(f"{value!r} is not a shift. Use 2h, -1h30min or +5479d8h.", param, ctx)
        return timedelta(seconds=-seconds if found and found[1] == "-" else seconds)


LOCAL_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])


@click.command()
@click.argument("camera")
@click.option("--from", "first", type=LOCAL_TIME, help="The first capture time as it stands, in the camera's zone.")
@click.option("--to", "last", type=LOCAL_TIME, help="The last capture time as it stands; a day counts to its end.")
@click.option("--by", type=Shift(), help="Add this to the times, such as 2h or -1h30min; default: up to the uploads.")
@click.option("--undo", is_flag=True, help="Bring back the times from before the last correction.")
@click.option("--apply", "apply_", is_flag=True, help="Do it; without this only the preview is shown.")
@json_option
@click.pass_obj
def clock(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    camera: str,
    first: datetime | None,
    last: datetime | None,
    by: timedelta | None,
    *,
    undo: bool,
    apply_: bool,
    as_json: bool,
) -> None:
    """Correct the capture times of a camera whose clock was wrong, or undo that.

    Without --apply nothing is changed: it shows how far the clock was off, and what the correction would change.
    """
    services = factory.services
    camera = likely_camera(camera, marked_cameras(services.operations)) or camera
    shown: list[clocks.Segment] = []
    if undo and not (first or last or by):
        moves = clocks.undoing(camera, services)
    elif undo or not first or not last:
        raise click.UsageError("give either --from and --to (and perhaps --by), or --undo.")
    else:
        zone = clocks.zone_of(camera, services)
        images = clocks.images_between(camera, first.replace(tzinfo=zone), _end(last, zone), services)
        shown = [clocks.segment_of(run) for run in clocks.runs_of(images)]
        moves = (
            clocks.moved_by(camera, images, by, services) if by else clocks.moved_to_uploads(camera, images, services)
        )
    preview = clocks.preview(moves, services)
    moved = 0
    if apply_:
        doing = clocks.undo(camera, services) if undo else clocks.apply(moves, services)
        moved = sum(counted(doing, "moving", preview.images))
    report = {
        "camera": camera,
        "clock": [_segment(each) for each in shown],
        "images": preview.images,
        "in_progress": preview.in_progress,
        "moved_before": preview.moved_before,
        "days": [day.day for day in preview.days],
        "verdicts_lost": preview.lost,
        "verdicts_gained": preview.gained,
        "moved": moved,
    }
    if as_json:
        print_json(report)
    else:
        _print(report, shown, is_applied=apply_)


def _end(at: datetime, zone: tzinfo) -> datetime:
    """Return the time; of a day, its last moment."""
    end = at.replace(tzinfo=zone)
    is_day = (end.hour, end.minute, end.second) == (0, 0, 0)
    return end + timedelta(days=1, microseconds=-1) if is_day else end


def _segment(segment: clocks.Segment) -> dict[str, Any]:
    return {
        "images": segment.images,
        "first": segment.first,
        "last": segment.last,
        "behind_seconds": segment.behind.total_seconds(),
    }


def _print(report: dict[str, Any], shown: Iterable[clocks.Segment], *, is_applied: bool) -> None:
    rows = [(each.images, each.first, each.last, _late(each.behind)) for each in [*shown][:SEGMENTS_SHOWN]]
    more = f", the first {SEGMENTS_SHOWN} of {len(report['clock'])} runs" if len(report["clock"]) > len(rows) else ""
    if rows:
        print_table(f"the clock of {report['camera']}{more}", ("images", "from", "to", "against the uploads"), rows)
    if report["moved_before"]:
        click.echo(f"{report['moved_before']} images were moved before and stay: --undo brings them back first")
    if not report["images"]:
        click.echo("nothing to move")
        return
    lost, gained = report["verdicts_lost"], report["verdicts_gained"]
    click.echo(
        f"{report['images']} images on {len(report['days'])} days {'were to move' if is_applied else 'would move'}; "
        f"{lost} verdicts stop counting, {gained} count again; the figures of these days are made again"
    )
    if report["in_progress"]:
        click.echo(f"{report['in_progress']} images are being analysed and stay: run this again when they are complete")
    click.echo(f"{report['moved']} images moved" if is_applied else "nothing is changed: add --apply")


def _late(behind: timedelta) -> str:
    seconds = behind.total_seconds()
    return f"{spell(abs(seconds))} {'behind' if seconds >= 0 else 'ahead'}"
