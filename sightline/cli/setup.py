"""`sightline setup`: create the tables, graph constraints and bucket that sightline needs."""

from collections.abc import Callable
from functools import partial

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json


@click.command()
@json_option
@click.pass_obj
def setup(factory: Factory, *, as_json: bool) -> None:
    """Create tables, indexes, constraints and the checkpoint bucket if they are missing. Safe to repeat."""
    services = factory.services
    steps: dict[str, Callable[[], None]] = {
        "images": services.images.setup,
        "analyses": services.ledger.setup,
        "verdicts": services.verdicts.setup,
        "rollups": services.rollups.setup,
        "operations": services.operations.setup,
        "users": services.users.setup,
        "graph": services.graph.setup,
        "bucket": partial(services.buckets.create, factory.settings.checkpoint_bucket),
    }
    for name, do in steps.items():
        do()
        if not as_json:
            click.echo(f"{name}: ready")
    if as_json:
        print_json({"ready": [*steps]})
