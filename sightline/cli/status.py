"""`sightline status`: how things stand."""

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.cli.status_tables import print_status
from sightline.services.status import status_report


@click.command()
@click.option("--exact", is_flag=True, help="Read every row: slow and dear on a large table.")
@json_option
@click.pass_obj
def status(factory: Factory, *, exact: bool, as_json: bool) -> None:
    """Show images by state, queues, calls, cost, the graph and dead letters. Exit 1 where a server is away."""
    report = status_report(factory.services if exact else factory.services_in_a_hurry, exact=exact)
    if as_json:
        print_json(report)
    else:
        print_status(report)
    if any("error" in section for section in report.values()):
        raise click.exceptions.Exit(1)
