"""The steps that an image goes through, as values: which message goes to which queue, and what a row waits for.

ingest_image → detect_feature → write_rows → merge_image. The queue is a hint and the row is the truth, so the next
step is always derived from the row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sightline.models.answers import Json
from sightline.models.images import ImageRow, Lane, State
from sightline.queues.carried import IS_NEW, IS_REDRIVEN, carried_is_redriven, facts_headers

INGEST, DETECT, WRITE, MERGE = "ingest_image", "detect_feature", "write_rows", "merge_image"

COMPARE = "compare_faces"
"""No step of an image: it answers a request for a comparison, by its id."""

OF_ANOTHER = "stand-in"
"""Instead of a feature, in the message about an image that has none of its own to write."""

FIRST_ANSWER = "labels"
"""The queue in which an image is that others are shown with, until it is asked about."""

TAKE = "take_frames"
"""The one step of a video. Its frames are images, which go through the steps above."""


START_JOB, COLLECT_JOB = "start_video_job", "collect_video_job"
"""The steps of a job on a stored video. Their arguments are the id of its row, and the lane."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message. `queue` is without its lane; `then` is sent by the worker when this step has succeeded.

    headers: what it carries beside its arguments (`carried.py`); it is the same step without them
    behind: a queue, without its lane, whose older messages must be done first: until then this one would do nothing
    """

    task: str
    args: tuple[str, ...]
    queue: str
    lane: Lane
    then: "Step | None" = None
    headers: Mapping[str, Json] = field(default_factory=dict, compare=False)
    behind: str | None = field(default=None, compare=False)

    @property
    def queue_name(self) -> str:
        """Return the queue with its lane."""
        return lane_queue(self.queue, self.lane)

    @property
    def waits_in(self) -> list[str]:
        """Return the queues, with their lane, that must come to it: its own, and the one that it is behind."""
        return [lane_queue(name, self.lane) for name in (self.queue, self.behind) if name]


def lane_queue(queue: str, lane: Lane) -> str:
    """Return the name of a queue's lane: `labels` for live images, `labels.backfill` for old ones."""
    return queue if lane is Lane.LIVE else f"{queue}.{lane}"


def ingest_step(image_id: str, lane: Lane, *, is_new: bool = False) -> Step:
    """Return the step that inspects the object and decides which analyses it needs. is_new: its row was just made."""
    return Step(INGEST, (image_id, lane), "ingest", lane, headers={IS_NEW: True} if is_new else {})


def take_step(video_id: str, lane: Lane) -> Step:
    """Return the step that takes frames of a video, and adds them as images."""
    return Step(TAKE, (video_id, lane), "frames", lane)


def start_job_step(job_id: str, lane: Lane) -> Step:
    """Return the step that starts a job on a video."""
    return Step(START_JOB, (job_id, lane), "frames", lane)


def collect_job_step(job_id: str, lane: Lane) -> Step:
    """Return the step that asks how a job stands, and keeps its results once it has ended."""
    return Step(COLLECT_JOB, (job_id, lane), "frames", lane)


def write_step(image_id: str, feature: str, lane: Lane) -> Step:
    """Return the step that copies a settled analysis to the row."""
    return Step(WRITE, (image_id, feature, lane), "rows", lane)


def detect_step(image_id: str, feature: str, lane: Lane, headers: Mapping[str, Json] | None = None) -> Step:
    """Return the step that pays for one analysis, followed by the step that writes it to the row."""
    then = write_step(image_id, feature, lane)
    return Step(DETECT, (image_id, feature, lane), feature, lane, then, headers or {})


def merge_step(image_id: str, lane: Lane) -> Step:
    """Return the step that shows the image in the graph."""
    return Step(MERGE, (image_id, lane), "graph", lane)


def next_steps(row: ImageRow, read_at: datetime | None = None) -> list[Step]:
    """Return the steps that the row is waiting for: nothing if it is finished.

    read_at: before the row was read or written; the messages then carry what it says. None: they carry nothing.
    If all results are settled and the row is still `analysing`, a process died between its two writes: any `write_rows`
    repairs it. So does it go on with a row that another image stands in for, as soon as that one is answered.
    """
    if row.state is State.RECEIVED:
        return [ingest_step(row.image_id, row.lane)]
    if row.state is State.ANALYSING:
        unsettled = [
            detect_step(row.image_id, feature, row.lane, facts_headers(row, feature, read_at) if read_at else None)
            for feature in row.unsettled()
        ]
        return unsettled or [_go_on(row)]
    return [merge_step(row.image_id, row.lane)] if row.is_merge_due else []


def _go_on(row: ImageRow) -> Step:
    """Return the step that goes on with a row whose results are all there, or are to come with another image's."""
    if row.wanted:
        return write_step(row.image_id, min(row.wanted), row.lane)
    return replace(write_step(row.image_id, OF_ANOTHER, row.lane), behind=FIRST_ANSWER)


def passing_on(steps: Iterable[Step], headers: Mapping[str, Json] | None) -> list[Step]:
    """Return the steps, which say that their image is redriven if the message that led to them did."""
    passed = {IS_REDRIVEN: True} if carried_is_redriven(headers) else {}
    return [replace(step, headers={**step.headers, **passed}) for step in steps]
