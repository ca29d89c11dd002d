"""`sightline sync`: bring the graph up to the rows."""

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
@click.option("--full", is_flag=True, help="Load every row anew, from the first; it may be stopped, and goes on.")
@click.option("--since", type=DAY, help="Read again what was written on this UTC day and later.")
@json_option
@click.pass_obj
def sync(factory: Factory, *, full: bool, since: datetime | None, as_json: bool) -> None:
    """Show in the graph what the rows say and it does not: from where the last run stood, to now.

    A graph that is new gets everything. Only what is behind is read and written; twice changes nothing.
    """
    if full and since:
        raise click.UsageError("Give --full or --since, not both.")
    if since and since.date() > factory.services.clock().date():
        raise click.UsageError("--since must not be in the future: nothing was written then.")
    wish = Wish(full=full, since=since.date() if since else None)
    outcome = run(factory.services, wish)
    if as_json:
        print_json(outcome)
    else:
        print_table("sync", ("", ""), [(name.replace("_", " "), value) for name, value in outcome.items()])
    if outcome["refused"] or not outcome["is_complete"]:
        raise click.exceptions.Exit(1)


def run(services: Services, wish: Wish) -> Mapping[str, Json]:
    """Run to the end, with a bar; the number of rows is the table's own count, which may be some hours old."""
    is_load = wish.full or not services.graph.sync_state().positions
    total = services.images.count()[0] if is_load else None
    with watched("rows", total) as advance:

        def work(run: LeasedRun) -> Mapping[str, Json]:
            return sync_with(services, advance).run(run.lease.fence, run.goes_on, wish)

        return by_hand(NAME, services, work)
