"""`sightline setup`: make what sightline keeps things in."""

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
    s = factory.services
    steps: dict[str, Callable[[], None]] = {
        "images": s.images.setup,
        "analyses": s.ledger.setup,
        "verdicts": s.verdicts.setup,
        "rollups": s.rollups.setup,
        "operations": s.operations.setup,
        "graph": s.graph.setup,
        "bucket": partial(s.buckets.create, factory.settings.checkpoint_bucket),
    }
    for name, do in steps.items():
        do()
        if not as_json:
            click.echo(f"{name}: ready")
    if as_json:
        print_json({"ready": [*steps]})
