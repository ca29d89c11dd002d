"""What videos would cost, shown and asked about before anything is paid."""

import sys
from collections.abc import Iterable, Sequence

import click

from sightline.errors import InvalidUri, RejectedError
from sightline.models.answers import Json
from sightline.names import printable
from sightline.progress import counted
from sightline.rekognition.prices import Prices
from sightline.services.collaborators import Services
from sightline.services.videos import Quote, keep_refusal, quote


def quote_videos(video_ids: Iterable[str], refused: list[str], services: Services) -> list[Quote]:
    """Download and look at each video. One that is bad goes into `refused`, and is kept as a dead letter."""
    quoted = []
    for video_id in counted(list(video_ids), "looking at videos"):
        try:
            quoted.append(quote(video_id, services))
        except (RejectedError, InvalidUri) as error:
            keep_refusal(error, video_id, services)
            refused.append(str(error))
    return quoted


def agree(quoted: Sequence[Quote], prices: Prices, *, is_agreed: bool) -> bool:
    """Show what videos cost and ask; return whether their frames may be taken. Without a terminal nobody can agree."""
    for each in quoted:
        click.echo(f"{printable(each.video_id)}: {_said(each.frames, each.new, each.micro_usd, prices)}", err=True)
    if len(quoted) > 1:
        frames, new = sum(each.frames for each in quoted), sum(each.new for each in quoted)
        total = _said(frames, new, sum(each.micro_usd for each in quoted), prices)
        click.echo(f"{len(quoted):,} videos: {total}", err=True)
    if is_agreed or not any(each.new for each in quoted):
        return True
    if not sys.stdin.isatty():
        click.echo("No video was added: without a terminal to ask at, agree to their price with --yes.", err=True)
        return False
    return click.confirm("Take these frames, and pay for them?", err=True)


def _said(frames: int, new: int, micro_usd: int, prices: Prices) -> str:
    known = f", {frames - new:,} of them taken already" if new < frames else ""
    return f"{frames:,} frames{known}: at most {micro_usd / 1e6:,.3f} USD ({prices.region}, prices of {prices.as_of})"


def as_figures(quoted: Quote) -> dict[str, Json]:
    """Return a quote for JSON."""
    return {
        "video": quoted.video_id,
        "frames": quoted.frames,
        "new_frames": quoted.new,
        "usd_at_most": quoted.micro_usd / 1e6,
    }
