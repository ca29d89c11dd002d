"""`sightline parity`: compare rows and graph, and repair the graph."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import click

from sightline.cli.factory import Factory
from sightline.cli.images import known_camera
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.param_types import DAY
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.names import printable
from sightline.progress import counted
from sightline.services.by_hand import TakenElsewhere, by_hand
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.services.parity import CHECK, Audit, Comparison, Finding, all_days

NO_IMAGE = "a camera must have at least one image in the rows or the graph"


@click.command()
@click.option("--camera", help="Only this camera's days.")
@click.option("--from", "first", type=DAY, help="The first capture day, in the camera's time zone.")
@click.option("--to", "last", type=DAY, help="The last capture day, inclusive.")
@click.option("--repair", is_flag=True, help="Change the graph to show what the rows say.")
@json_option
@click.pass_obj
def parity(
    factory: Factory,
    *,
    camera: str | None,
    first: datetime | None,
    last: datetime | None,
    repair: bool,
    as_json: bool,
) -> None:
    """Compare rows and graph, image by image and relationship by relationship.

    It lists what is missing, extra or different in the graph, images in flight excepted. Exit 1 if differences remain.
    """
    if first and last and last < first:
        raise click.UsageError("--to must not be before --from.")
    known = all_days(factory.services.operations, factory.services.graph)
    if camera:
        camera = known_camera(camera, {each.camera for each in known}, NO_IMAGE)
    days = chosen(known, camera, _day(first), _day(last))
    outcome = run(factory.services, days, repair=repair)
    if as_json:
        print_json(outcome)
    else:
        lines = [(name, value) for name, value in outcome.items() if name != "examples"]
        print_table("parity", ("", ""), lines)
    if outcome["wrong"] > outcome["repaired"]:
        raise click.exceptions.Exit(1)


def chosen(days: Iterable[CameraDay], camera: str | None, first: date | None, last: date | None) -> list[CameraDay]:
    """Return the days that the options select."""
    return [
        each
        for each in days
        if camera in {None, each.camera}
        and (first is None or each.day >= first.isoformat())
        and (last is None or each.day <= last.isoformat())
    ]


def run(services: Services, days: list[CameraDay], *, repair: bool) -> Mapping[str, Json]:
    """Compare day by day, with a progress bar; return the counts."""
    audit = Audit(Comparison(services.images, services.graph), repairs=repair, tell=_tell)

    def work(run: LeasedRun) -> Mapping[str, Json]:
        for day in counted(days, "days", len(days)):
            if not run.goes_on():
                raise TakenElsewhere(CHECK)
            audit.check(day)
        return audit.outcome

    return by_hand(CHECK, services, work)


def _tell(day: CameraDay, finding: Finding) -> None:
    for each in finding.differences:
        click.echo(printable(f"{day} {finding.image_id} {each.kind}: {each.what}"), err=True)


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None
