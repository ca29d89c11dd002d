"""The steps that an image goes through, as values: which message goes to which queue, and what a row waits for.

ingest_image → detect_feature → write_rows → merge_image. The queue is a hint and the row is the truth, so the next
step is always derived from the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sightline.models.answers import Json
from sightline.models.images import ImageRow, Lane, State

INGEST, DETECT, WRITE, MERGE = "ingest_image", "detect_feature", "write_rows", "merge_image"


@dataclass(frozen=True, slots=True)
class Step:
    """One message. `queue` is without its lane; `then` is sent by the worker when this step has succeeded.

    headers: what it carries beside its arguments (`carried.py`); it is the same step without them
    """

    task: str
    args: tuple[str, ...]
    queue: str
    lane: Lane
    then: "Step | None" = None
    headers: Mapping[str, Json] = field(default_factory=dict, compare=False)

    @property
    def queue_name(self) -> str:
        """Return the queue with its lane."""
        return lane_queue(self.queue, self.lane)


def lane_queue(queue: str, lane: Lane) -> str:
    """Return the name of a queue's lane: `labels` for live images, `labels.backfill` for old ones."""
    return queue if lane is Lane.LIVE else f"{queue}.{lane}"


def ingest_step(image_id: str, lane: Lane) -> Step:
    """Return the step that inspects the object and decides which analyses it needs."""
    return Step(INGEST, (image_id, lane), "ingest", lane)


def write_step(image_id: str, feature: str, lane: Lane) -> Step:
    """Return the step that copies a settled analysis to the row."""
    return Step(WRITE, (image_id, feature, lane), "rows", lane)


def detect_step(image_id: str, feature: str, lane: Lane) -> Step:
    """Return the step that pays for one analysis, followed by the step that writes it to the row."""
    return Step(DETECT, (image_id, feature, lane), feature, lane, then=write_step(image_id, feature, lane))


def merge_step(image_id: str, lane: Lane) -> Step:
    """Return the step that shows the image in the graph."""
    return Step(MERGE, (image_id, lane), "graph", lane)


def next_steps(row: ImageRow) -> list[Step]:
    """Return the steps that the row is waiting for: nothing if it is finished.

    If all results are settled and the row is still `analysing`, a process died between its two writes: any `write_rows`
    repairs it.
    """
    if row.state is State.RECEIVED:
        return [ingest_step(row.image_id, row.lane)]
    if row.state is State.ANALYSING:
        unsettled = [detect_step(row.image_id, feature, row.lane) for feature in row.unsettled()]
        return unsettled or [write_step(row.image_id, min(row.wanted), row.lane)]
    return [merge_step(row.image_id, row.lane)] if row.is_merge_due else []
