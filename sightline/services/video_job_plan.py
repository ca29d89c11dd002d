"""Which jobs a video gets, and what they would cost: what the settings say, and what AWS's rules allow."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sightline.models.video_jobs import Asked, JobState, minutes_of
from sightline.rekognition.prices import Prices
from sightline.rekognition.video_job import JobKind, row_id
from sightline.rekognition.video_jobs import job_kind_named
from sightline.storage.buckets.protocol import ObjectHead
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.video.containers import HEAD_BYTES, is_mp4

AT_ONCE = 20
"""Jobs that AWS lets an account run at once."""

MOST_BYTES = 10 * 1024**3
MOST_SECONDS = 6 * 3600
"""AWS's limits of a stored video."""

_H264 = ("h264", "avc1")


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What the settings say. kinds: by name, empty: none; at_once: how many jobs may run at once."""

    kinds: tuple[str, ...] = ()
    at_once: int = AT_ONCE


@dataclass(frozen=True, slots=True)
class JobQuote:
    """What one job costs. is_new: it was not started for these bytes yet, or it failed; the price is for a new one."""

    kind: JobKind
    asked: Asked
    length_ms: int
    micro_usd: int
    is_new: bool

    @property
    def minutes(self) -> int:
        """Return the minutes that are counted."""
        return minutes_of(self.length_ms)


def quote_jobs(
    head: ObjectHead, length_ms: int, plan: JobPlan, generation: str, prices: Prices, jobs: VideoJobStore
) -> Iterator[JobQuote]:
    """Yield the quote of each job that the settings ask for; raise ConfigurationError if one has no price."""
    for name in plan.kinds:
        kind = job_kind_named(name)
        price = prices.of_units(prices.meter_named(kind.start), minutes_of(length_ms))
        asked = Asked(str(head.uri), name, kind.start, kind.parameters, head.etag, head.version, generation)
        standing = jobs.get(row_id(asked))
        is_new = standing is None or standing.state is JobState.REJECTED
        yield JobQuote(kind, asked, length_ms, price if is_new else 0, is_new)


def why_no_jobs(path: Path, codec: str, head: ObjectHead, seconds: float) -> str:
    """Return why AWS would refuse a job on this file; "" if it would not."""
    with path.open("rb") as file:
        is_right_container = is_mp4(file.read(HEAD_BYTES))
    if not is_right_container:
        return "Rekognition's jobs take MP4 and MOV alone"
    if codec.lower() not in _H264:
        return f"Rekognition's jobs take H.264 alone, and this is {codec}"
    if head.size_bytes > MOST_BYTES:
        return "Rekognition's jobs take at most 10 GB"
    if not 0 < seconds <= MOST_SECONDS:
        return "Rekognition's jobs take at most six hours, and its header must say how long it is"
    return ""
