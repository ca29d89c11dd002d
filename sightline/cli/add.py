"""`sightline add`: add images by URI."""

from collections.abc import Iterator
from itertools import chain
from typing import IO

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, printable
from sightline.models.images import Lane
from sightline.progress import counted
from sightline.services.ingest import add_images

REFUSED_SHOWN = 20
LANES = [lane.value for lane in Lane]


@click.command()
@click.argument("uris", metavar="[URI]...", nargs=-1)
@click.option(
    "--from",
    "source",
    # A byte-order mark is not part of the first key. Bytes that are not UTF-8 get through, to be refused by name.
    type=click.File("r", encoding="utf-8-sig", errors="surrogateescape"),
    help="A file with one URI per line; - reads standard input.",
)
@click.option(
    "--lane", type=click.Choice(LANES), default=Lane.LIVE.value, show_default=True, help="live is processed first."
)
@json_option
@click.pass_obj
def add(factory: Factory, uris: tuple[str, ...], source: IO[str] | None, lane: str, *, as_json: bool) -> None:
    """Add images by URI (s3://bucket/key): a row for each, then a message. Adding an image twice costs nothing."""
    if not uris and source is None:
        raise click.UsageError("Give URIs, or --from FILE.")
    total = None if source is None else count_lines(source)
    listed = chain(uris, () if source is None else lines(source))
    everything = counted(listed, "adding", None if total is None else total + len(uris))
    added = add_images(everything, Lane(lane), factory.services, factory.send)
    refused = [str(error) for error in added.refused]
    if as_json:
        print_json({"new": added.new, "known": added.known, "refused": refused})
    else:
        click.echo(f"{added.new:,} new, {added.known:,} known already, {len(refused):,} refused")
        print_refused(refused)
    if refused:
        raise click.exceptions.Exit(1)


def lines(source: IO[str]) -> Iterator[str]:
    """Yield each line that is not empty, without its line ending; one line is in memory at a time."""
    return (uri for line in source if (uri := line.rstrip("\r\n")))


def count_lines(source: IO[str]) -> int | None:
    """Return the number of URIs, for the progress bar; None if they come through a pipe."""
    if not source.seekable():
        return None
    number = sum(1 for _ in lines(source))
    source.seek(0)
    return number


def print_refused(refused: list[str]) -> None:
    """Print the first refused inputs to standard error."""
    for each in refused[:REFUSED_SHOWN]:
        click.echo(printable(each), err=True)
    if len(refused) > REFUSED_SHOWN:
        click.echo(f"… and {len(refused) - REFUSED_SHOWN:,} more; `sightline status` counts them by rule.", err=True)
