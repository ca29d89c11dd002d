"""What videos would cost, shown and asked about before anything is paid."""

import sys
from collections.abc import Iterable, Iterator, Sequence

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
        for line in _jobs_said(each):
            click.echo(f"  {line}", err=True)
    if len(quoted) > 1:
        frames, new = sum(each.frames for each in quoted), sum(each.new for each in quoted)
        jobs = sum(job.is_new for each in quoted for job in each.jobs)
        total = _said(frames, new, sum(each.whole_micro_usd for each in quoted), prices)
        click.echo(f"{len(quoted):,} videos{f', {jobs:,} jobs' if jobs else ''}: {total}", err=True)
    if is_agreed or not any(each.is_new for each in quoted):
        return True
    if not sys.stdin.isatty():
        click.echo("No video was added: without a terminal to ask at, agree to their price with --yes.", err=True)
        return False
    is_with_jobs = any(job.is_new for each in quoted for job in each.jobs)
    what = (
        "Take these frames, start these jobs, and pay for them?"
        if is_with_jobs
        else "Take these frames, and pay for them?"
    )
    return click.confirm(what, err=True)


def _jobs_said(quoted: Quote) -> Iterator[str]:
    """Say what each job costs, or why there are none."""
    if quoted.no_jobs:
        yield f"no jobs: {quoted.no_jobs}"
    for job in quoted.jobs:
        price = f"at most {job.micro_usd / 1e6:,.3f} USD" if job.is_new else "known already"
        yield f"job {job.kind.name}: {job.minutes:,} minutes ({job.kind.start}): {price}"


def _said(frames: int, new: int, micro_usd: int, prices: Prices) -> str:
    known = f", {frames - new:,} of them taken already" if new < frames else ""
    return f"{frames:,} frames{known}: at most {micro_usd / 1e6:,.3f} USD ({prices.region}, prices of {prices.as_of})"


def as_figures(quoted: Quote) -> dict[str, Json]:
    """Return a quote for JSON."""
    return {
        "video": quoted.video_id,
        "frames": quoted.frames,
        "new_frames": quoted.new,
        "usd_at_most": quoted.whole_micro_usd / 1e6,
        "jobs": {job.kind.name: job.micro_usd / 1e6 for job in quoted.jobs},
    }
