"""`sightline setup`: create the tables, graph constraints and bucket that sightline needs."""

from collections.abc import Callable
from functools import partial

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.storage.images.keys import DEFAULT_SHARDS, FEWEST_SHARDS, Shards

SHARDS = click.IntRange(FEWEST_SHARDS, 1024)


@click.command()
@click.option("--unfinished-shards", type=SHARDS, help="Parts of the unfinished: 167 images a second each. Usually 16.")
@click.option("--feed-shards", type=SHARDS, help="Parts of the feed: 1,000 images a second each. Usually 4.")
@json_option
@click.pass_obj
def setup(factory: Factory, unfinished_shards: int | None, feed_shards: int | None, *, as_json: bool) -> None:
    """Create tables, indexes, constraints and the checkpoint bucket if they are missing. Safe to repeat.

    The numbers of shards are chosen when the table of images is made, and kept in it. They cannot change.
    """
    services = factory.services
    is_chosen = unfinished_shards is not None or feed_shards is not None
    shards = Shards(feed_shards or DEFAULT_SHARDS.feed, unfinished_shards or DEFAULT_SHARDS.unfinished)
    steps: dict[str, Callable[[], None]] = {
        "images": partial(services.images.setup, shards if is_chosen else None),
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
