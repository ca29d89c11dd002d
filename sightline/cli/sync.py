"""`sightline sync`: bring the graph up to date with the rows."""

from collections.abc import Mapping
from datetime import datetime

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.param_types import DAY
from sightline.models.answers import Json
from sightline.progress import watched
from sightline.services.by_hand import by_hand
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.services.sync import NAME, Wish, sync_with


@click.command()
@click.option(
    "--full", is_flag=True, help="Load every row again from the first; it can be stopped, and the next run continues."
)
@click.option("--since", type=DAY, help="Read again the rows written since this UTC day.")
@json_option
@click.pass_obj
def sync(factory: Factory, *, full: bool, since: datetime | None, as_json: bool) -> None:
    """Bring the graph up to date with the rows, from where the last run stopped.

    A new graph gets everything. Only images that are behind are read and written; running it twice changes nothing.
    """
    if full and since:
        raise click.UsageError("Use --full or --since, not both.")
    if since and since.date() > factory.services.clock().date():
        raise click.UsageError("--since must not be in the future: nothing is written there yet.")
    wish = Wish(full=full, since=since.date() if since else None)
    outcome = run(factory.services, wish)
    if as_json:
        print_json(outcome)
    else:
        print_table("sync", ("", ""), [(name.replace("_", " "), value) for name, value in outcome.items()])
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
