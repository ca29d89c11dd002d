"""`sightline add`: hand images in."""

from collections.abc import Iterable, Iterator
from typing import IO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from console.factory import Factory
from console.output import json_option, print_json, printable
from stores.rows import Lane
from tasks.ingest import add_images


@click.command()
@click.argument("uris", metavar="URI...", nargs=-1)
@click.option(
    "--from",
    "source",
    type=click.File("r", encoding="utf-8"),
    help="A file with a URI on each line; - reads standard input.",
)
@click.option("--lane", type=click.Choice([*Lane]), default=Lane.LIVE, help="live goes first.")
@json_option
@click.pass_obj
def add(factory: Factory, uris: tuple[str, ...], source: IO[str] | None, lane: Lane, *, as_json: bool) -> None:
    """Add images by URI (s3://bucket/key): a row for each, then a message. Adding one twice pays nothing twice."""
    if not uris and source is None:
        raise click.UsageError("Give URIs, or --from FILE.")
    _ = factory.app
    added = add_images(_counted([*uris], source), Lane(lane), factory.services)
    refused = [str(error) for error in added.refused]
    if as_json:
        print_json({"new": added.new, "known": added.known, "refused": refused})
    else:
        click.echo(f"{added.new} new, {added.known} known already, {len(refused)} refused")
        for each in refused:
            click.echo(printable(each), err=True)
    if refused:
        raise click.exceptions.Exit(1)


def _counted(uris: Iterable[str], source: IO[str] | None) -> Iterator[str]:
    """Give every URI, and show how many have gone by."""
    columns = (SpinnerColumn(), TextColumn("adding"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("adding", total=None)
        for uri in uris:
            progress.advance(bar)
            yield uri
        for line in source or ():
            if uri := line.rstrip("\r\n"):
                progress.advance(bar)
                yield uri
