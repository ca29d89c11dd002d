"""`sightline sync`: bring the graph up to date with the rows."""

from collections.abc import Mapping
from datetime import datetime

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.param_types import DAY
from sightline.models.answers import Json
from sightline.progress import counted, watched
from sightline.services.by_hand import TakenElsewhere, by_hand
from sightline.services.collaborators import Services
from sightline.services.going_back import MOST_PERCENT, GoingBack, survey
from sightline.services.leased_runs import LeasedRun
from sightline.services.sync import NAME, Wish, sync_with

STILL_NEWER = "Images being processed or stuck are still newer in the graph: run this again when they are done."


@click.command()
@click.option(
    "--full", is_flag=True, help="Load every row again from the first; it can be stopped, and the next run continues."
)
@click.option("--since", type=DAY, help="Read again the rows written since this UTC day.")
@click.option("--yes", is_flag=True, help=f"With --full: also if over {MOST_PERCENT:g} % of the images go back.")
@json_option
@click.pass_obj
def sync(factory: Factory, *, full: bool, since: datetime | None, yes: bool, as_json: bool) -> None:
    """Bring the graph up to date with the rows, from where the last run stopped.

    A new graph gets everything. Only images that are behind are read and written; running it twice changes nothing.
    With --full, images that the graph shows newer than their rows go back: after the rows were restored from a backup.
    """
    if full and since:
        raise click.UsageError("Use --full or --since, not both.")
    if since and since.date() > factory.services.clock().date():
        raise click.UsageError("--since must not be in the future: nothing is written there yet.")
    wish = Wish(full=full, since=since.date() if since else None)
    outcome = run(factory.services, wish)
    if full and outcome["is_complete"]:
        outcome = go_back(factory.services, outcome, even_many=yes)
    if as_json:
        print_json(outcome)
    else:
        print_table("sync", ("", ""), [(name.replace("_", " "), value) for name, value in outcome.items()])
    if outcome.get("newer_in_graph", 0) > outcome.get("went_back", 0):
        click.echo(STILL_NEWER, err=True)
    if outcome["refused"] or not outcome["is_complete"]:
        raise click.exceptions.Exit(1)


def run(services: Services, wish: Wish) -> Mapping[str, Json]:
    """Run to the end, with a progress bar. Its total is DynamoDB's own count of rows, which may be hours old."""
    is_load = wish.full or not services.graph.sync_state().positions
    total = services.images.count()[0] if is_load else None
    with watched("rows", total) as advance:

        def work(run: LeasedRun) -> Mapping[str, Json]:
            return sync_with(services, advance).run(run.lease.fence, run.goes_on, wish)

        return by_hand(NAME, services, work)


def go_back(services: Services, outcome: Mapping[str, Json], *, even_many: bool) -> Mapping[str, Json]:
    """Take the graph back where it is newer; return the outcome with the counts. Raise WouldGoBack for too many."""
    going_back = GoingBack(services.images, services.graph, services.operations)
    with watched("rows, for newer images", None) as advance:
        found = survey(going_back, advance)
    if not even_many:
        found.require_few()
    if not found.newer:
        return {**outcome, "newer_in_graph": 0, "went_back": 0}

    def work(run: LeasedRun) -> Mapping[str, Json]:
        went_back = 0
        for page in counted(going_back.pages(), "pages, taking images back"):
            if not run.goes_on():
                raise TakenElsewhere(NAME)
            went_back += going_back.take_back(page)
        return {**outcome, "newer_in_graph": found.newer, "went_back": went_back}

    return by_hand(NAME, services, work)
