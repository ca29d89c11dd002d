"""The row of a job on a stored video: what AWS was asked of which bytes, and what came of it.

waiting → started → collected → complete, or `rejected`: the job failed, or cannot be started.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sightline.models.answers import Json
from sightline.models.images import Lane, Rejection
from sightline.models.stored import StoredEnum

JOINED_MS = 2000
"""What is shown again so soon was there all the time: AWS looks at a video about twice a second."""


class JobState(StoredEnum):
    """Where a job stands. `collected`: its results are kept, and the graph does not show them yet."""

    WAITING = "waiting"
    STARTED = "started"
    COLLECTED = "collected"
    COMPLETE = "complete"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Span:
    """Something that a video shows from one moment to another. confidence: the highest of it, in percent."""

    name: str
    from_ms: int
    to_ms: int
    confidence: float

    @property
    def seconds(self) -> float:
        """Return how long it is shown."""
        return (self.to_ms - self.from_ms) / 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job asks of which bytes: its row is named by it. version: of the object, if its bucket keeps versions."""

    video_id: str
    kind: str
    operation: str
    parameters: Mapping[str, Json]
    etag: str
    version: str | None
    generation: str


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a job. entries: as many as AWS listed, kept in the object `uri`; spans: empty if they are too many.

    span_count: how many spans there are
    """

    uri: str
    entries: int
    model_version: str
    span_count: int
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoJob:
    """One job.

    length_ms: of the video, as it was quoted; micro_usd: the price that was agreed to, in a month's first tier
    attempt: counted up when a job that failed is started again, because AWS keeps the failed one under its token
    begun_at: when Start… was first sent in this attempt, or None; paid_for: whether its money was taken from the budget
    aws_job_id: AWS's name of it; looks: how often it was looked at since; changes: + 1 with each write, which needs it
    """

    job_id: str
    asked: Asked
    lane: Lane
    state: JobState
    added_at: datetime
    length_ms: int
    micro_usd: int
    attempt: int = 1
    changes: int = 0
    begun_at: datetime | None = None
    is_paid_for: bool = False
    aws_job_id: str = ""
    started_at: datetime | None = None
    looks: int = 0
    results: Results | None = None
    rejection: Rejection | None = None
    next_check_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Return whether this version knows what the row says."""
        return self.state.is_known and self.lane.is_known

    @property
    def minutes(self) -> int:
        """Return what is counted of it: whole minutes, rounded up."""
        return minutes_of(self.length_ms)


@dataclass(frozen=True, slots=True)
class Completion:
    """AWS's word that a job has ended. tag: the id of our row."""

    tag: str
    aws_job_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a video shows, summed up: of one name, how often, for how long and how surely."""

    name: str
    times: int = 0
    seconds: float = 0.0
    confidence: float = 0.0
    first_ms: int = field(default=0)


def minutes_of(length_ms: int) -> int:
    """Return the whole minutes of a video, rounded up; one at the least."""
    return max(1, -(-length_ms // 60_000))


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join spans of one name that lie at most JOINED_MS apart; the earliest first."""
    done: list[Span] = []
    for _, same in groupby(sorted(spans, key=lambda each: (each.name, each.from_ms)), key=lambda each: each.name):
        done.extend(_joined(list(same)))
    return tuple(sorted(done, key=lambda each: (each.from_ms, each.name)))


def _joined(same: Sequence[Span]) -> list[Span]:
    done = [same[0]]
    for span in same[1:]:
        last = done[-1]
        if span.from_ms - last.to_ms <= JOINED_MS:
            surest = max(last.confidence, span.confidence)
            done[-1] = Span(last.name, last.from_ms, max(last.to_ms, span.to_ms), surest)
        else:
            done.append(span)
    return done


def summed(spans: Iterable[Span]) -> list[Shown]:
    """Sum spans up by name, what is shown for longest first."""
    sums: dict[str, Shown] = {}
    for span in spans:
        had = sums.get(span.name, Shown(span.name, first_ms=span.from_ms))
        surest = max(had.confidence, span.confidence)
        sums[span.name] = Shown(span.name, had.times + 1, had.seconds + span.seconds, surest, had.first_ms)
    return sorted(sums.values(), key=lambda each: (-each.seconds, each.first_ms, each.name))
