"""`sightline setup`: create the tables, graph constraints and bucket that sightline needs."""

from collections.abc import Callable
from functools import partial

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.storage.images.keys import FEWEST_SHARDS, ShardChoice

SHARDS = click.IntRange(FEWEST_SHARDS.unfinished, 1024)
SHARDS_OF_A_DAY = click.IntRange(FEWEST_SHARDS.day, 64)
"""Each of them is asked whenever a spread day is read."""


@click.command()
@click.option("--unfinished-shards", type=SHARDS, help="Parts of the unfinished: 167 images a second each. Usually 16.")
@click.option("--feed-shards", type=SHARDS, help="Parts of the feed: 1,000 images a second each. Usually 4.")
@click.option(
    "--day-shards",
    type=SHARDS_OF_A_DAY,
    help="Parts over which a camera's busy day is spread: 250 images a second each. Usually 4. With 1, no day is.",
)
@json_option
@click.pass_obj
def setup(
    factory: Factory,
    unfinished_shards: int | None,
    feed_shards: int | None,
    day_shards: int | None,
    *,
    as_json: bool,
) -> None:
    """Create tables, indexes, constraints and the checkpoint bucket if they are missing. Safe to repeat.

    The numbers of shards are chosen when the table of images is made, and kept in it. They cannot change. A table of an
    older version is brought to its shards of days: by one run that moves its rows, and a second one that finds no more
    of them.
    """
    services = factory.services
    choice = ShardChoice(feed_shards, unfinished_shards, day_shards)
    steps: dict[str, Callable[[], None]] = {
        "images": partial(services.images.setup, choice),
        "analyses": services.ledger.setup,
        "verdicts": services.verdicts.setup,
        "rollups": services.rollups.setup,
        "operations": services.operations.setup,
        "users": services.users.setup,
        "videos": services.videos.setup,
        "graph": services.graph.setup,
        "bucket": partial(services.buckets.create, factory.settings.checkpoint_bucket),
    }
    for name, do in steps.items():
        do()
        if not as_json:
            click.echo(f"{name}: ready")
    days = services.images.move_days(day_shards, _tell)
    if as_json:
        print_json({"ready": [*steps], "days": {"moved": days.moved, "is_over": days.is_over}})
    elif not days.is_over:
        click.echo(
            f"images: {days.moved:,} rows moved to the index by day in shards. Both indexes are read until a run of"
        )
        click.echo("`sightline setup` finds no rows of an older version: run it again when no such process runs,")
        click.echo("two minutes from now at the earliest.")


def _tell(moved: int) -> None:
    if moved:
        click.echo(f"images: {moved:,} rows moved to the index by day in shards", err=True)
