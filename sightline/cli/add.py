"""`sightline add`: add images by URI, and videos after a quote."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from typing import BinaryIO

import click

from sightline.cli.factory import Factory
from sightline.cli.key_lists import KeyList
from sightline.cli.output import json_option, print_json
from sightline.cli.video_quotes import agree, as_figures, quote_videos
from sightline.models.images import Lane
from sightline.names import printable
from sightline.progress import counted
from sightline.services.ingest import add_images
from sightline.services.videos import close_refusals
from sightline.video.containers import is_video_key

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
@click.option("--yes", is_flag=True, help="Do not ask before videos are paid for: their frames, and jobs on them.")
@json_option
@click.pass_obj
def add(
    factory: Factory, uris: tuple[str, ...], source: BinaryIO | None, lane: str, *, yes: bool, as_json: bool
) -> None:
    """Add images by URI (s3://bucket/key): a row for each, then a message. Adding an image twice costs nothing.

    What ends like a video (.mp4, .m4v, .mov, .mkv, .webm, .avi) is downloaded and looked at first: the number of frames
    that would be taken, the jobs that would be started, and their price, are shown and asked about. See docs/video.md.
    """
    if not uris and source is None:
        raise click.UsageError("Give URIs, or --from FILE.")
    listed = KeyList(source or BytesIO())
    total = listed.count()
    everything = counted(chain(uris, listed), "adding", None if total is None else total + len(uris))
    videos: dict[str, None] = {}
    added = add_images(_without_videos(everything, videos), Lane(lane), factory.services, factory.send)
    refused = [str(error) for error in added.refused]
    quoted = quote_videos(videos, refused, factory.services)
    is_agreed = agree(quoted, factory.services.prices, is_agreed=yes)
    for each in quoted if is_agreed else ():
        frames = max(1, each.frames)  # 0 would add an image
        one = add_images([each.video_id], Lane(lane), factory.services, factory.send, most_frames=frames)
        factory.services.job_runner.add(each.jobs, Lane(lane), factory.send)
        added.new, added.known = added.new + one.new, added.known + one.known
        close_refusals(each.video_id, factory.services)
    if as_json:
        videos_told = {"videos": [as_figures(each) | {"added": is_agreed} for each in quoted]} if quoted else {}
        print_json({"new": added.new, "known": added.known, "refused": refused, **videos_told})
    else:
        click.echo(f"{added.new:,} new, {added.known:,} known already, {len(refused):,} refused")
        print_refused(refused)
    if listed.with_blanks:
        click.echo(BLANKS_LEFT_OUT.format(listed.with_blanks), err=True)
    if refused or not is_agreed:
        raise click.exceptions.Exit(1)


def _without_videos(uris: Iterable[str], videos: dict[str, None]) -> Iterator[str]:
    """Yield what is no video by its suffix; put the others into `videos`, each once."""
    for uri in uris:
        if is_video_key(uri):
            videos[uri] = None
        else:
            yield uri


def print_refused(refused: list[str]) -> None:
    """Print the first refused inputs to standard error."""
    for each in refused[:REFUSED_SHOWN]:
        click.echo(printable(each), err=True)
    if len(refused) > REFUSED_SHOWN:
        click.echo(f"… and {len(refused) - REFUSED_SHOWN:,} more; `sightline status` counts them by rule.", err=True)
