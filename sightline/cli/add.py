"""`sightline add`: add images by URI."""

from io import BytesIO
from itertools import chain
from typing import BinaryIO

import click

from sightline.cli.factory import Factory
from sightline.cli.key_lists import KeyList
from sightline.cli.output import json_option, print_json
from sightline.models.images import Lane
from sightline.names import printable
from sightline.progress import counted
from sightline.services.ingest import add_images

REFUSED_SHOWN = 20
BLANKS_LEFT_OUT = "Blanks at the ends of lines are left out (lines: {:,}). Put a key that has them in double quotes."
LANES = [lane.value for lane in Lane]


@click.command()
@click.argument("uris", metavar="[URI]...", nargs=-1)
@click.option(
    "--from",
    "source",
    type=click.File("rb"),
    help="A file with one URI per line, in double quotes if it begins or ends with a blank; - reads standard input.",
)
@click.option(
    "--lane", type=click.Choice(LANES), default=Lane.LIVE.value, show_default=True, help="live is processed first."
)
@json_option
@click.pass_obj
def add(factory: Factory, uris: tuple[str, ...], source: BinaryIO | None, lane: str, *, as_json: bool) -> None:
    """Add images by URI (s3://bucket/key): a row for each, then a message. Adding an image twice costs nothing."""
    if not uris and source is None:
        raise click.UsageError("Give URIs, or --from FILE.")
    listed = KeyList(source or BytesIO())
    total = listed.count()
    everything = counted(chain(uris, listed), "adding", None if total is None else total + len(uris))
    added = add_images(everything, Lane(lane), factory.services, factory.send)
    refused = [str(error) for error in added.refused]
    if as_json:
        print_json({"new": added.new, "known": added.known, "refused": refused})
    else:
        click.echo(f"{added.new:,} new, {added.known:,} known already, {len(refused):,} refused")
        print_refused(refused)
    if listed.with_blanks:
        click.echo(BLANKS_LEFT_OUT.format(listed.with_blanks), err=True)
    if refused:
        raise click.exceptions.Exit(1)


def print_refused(refused: list[str]) -> None:
    """Print the first refused inputs to standard error."""
    for each in refused[:REFUSED_SHOWN]:
        click.echo(printable(each), err=True)
    if len(refused) > REFUSED_SHOWN:
        click.echo(f"… and {len(refused) - REFUSED_SHOWN:,} more; `sightline status` counts them by rule.", err=True)
