"""The store of jobs in DynamoDB: in the table of videos, whose index `unfinished` has a partition for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from sightline.models.images import Lane
from sightline.models.stored import known_fields
from sightline.models.stored_images import read_rejection
from sightline.models.video_jobs import Asked, JobState, Results, Span, VideoJob
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, any_of, equals, exists, less, missing, smaller
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.storage.videos.dynamodb import UNFINISHED, videos_table

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITIONS = {
    JobState.WAITING: "jobs that wait",
    JobState.STARTED: "jobs that were started",
    JobState.REJECTED: "jobs that failed",
}
"""Of the index. Those that failed are due for nothing: they are there to be counted, from when they failed on."""

_PLACES = {"video_id": "places of jobs"}
"""The one item of those that run. No video has this key, nor one that begins as a job's does: URIs have a scheme."""

_TIMES = ("added_at", "begun_at", "started_at", "next_check_at")


class DynamoVideoJobStore(VideoJobStore):
    """Items of the table `<prefix>videos`, which the store of videos makes."""

    def __init__(self, client: "DynamoDBClient", prefix: str, clock: Callable[[], datetime]) -> None:
        self._table = DynamoTable(client, videos_table(prefix))
        self._clock = clock

    @override
    def add(self, job: VideoJob) -> VideoJob:
        change = Change().set_all(**self._encode(replace(job, changes=1)))
        outcome = self._table.update(_key(job.job_id), change, missing("video_id"))
        if outcome.item is None:
            return replace(job, changes=1)
        return _decode(outcome.item)

    @override
    def get(self, job_id: str) -> VideoJob | None:
        item = self._table.get(_key(job_id))
        return _decode(item) if item else None

    @override
    def save(self, seen: VideoJob, now: VideoJob) -> VideoJob | None:
        written = replace(now, changes=seen.changes + 1)
        # These and no more: a newer version may have attributes of its own.
        change = Change().set_all(**self._encode(written))
        is_written = self._table.change(_key(seen.job_id), change, equals("changes", seen.changes))
        return written if is_written else None

    @override
    def due(self, before: datetime, *, is_started: bool) -> Iterator[VideoJob]:
        partition = _PARTITIONS[JobState.STARTED if is_started else JobState.WAITING]
        condition = all_of(equals("unfinished", partition), less("next_check_at", instant(before)))
        for entry in self._table.query(condition, index=UNFINISHED.name):
            row = self.get(_id(entry))
            if row and row.next_check_at and row.next_check_at < before:  # the index may be behind the row
                yield row

    @override
    def count_by_state(self) -> Mapping[JobState, int]:
        return {state: self._number_in(partition) for state, partition in _PARTITIONS.items()}

    def _number_in(self, partition: str) -> int:
        return sum(1 for _ in self._table.query(equals("unfinished", partition), index=UNFINISHED.name))

    @override
    def take_place(self, job_id: str, most: int) -> bool:
        self._table.change(_PLACES, Change().set("places", {}), missing("places"))
        place = ("places", job_id)
        has_room = any_of(exists(place), smaller("places", most))
        return self._table.change(_PLACES, Change().set_if_missing(place, instant(self._clock())), has_room)

    @override
    def leave_place(self, job_id: str) -> None:
        self._table.change(_PLACES, Change().remove(("places", job_id)), exists("places"))

    @override
    def places(self) -> Mapping[str, datetime]:
        item = self._table.get(_PLACES)
        return {job_id: datetime.fromisoformat(at) for job_id, at in (item or {}).get("places", {}).items()}

    def _encode(self, job: VideoJob) -> Item:
        item: dict[str, Any] = asdict(job)
        del item["job_id"]
        for name in _TIMES:
            item[name] = instant(item[name]) if item[name] else None
        partition = _partition(job)
        if job.state is JobState.REJECTED:
            item["next_check_at"] = instant(self._clock())
        return item | {"unfinished": partition}


def _key(job_id: str) -> dict[str, str]:
    return {"video_id": f"job {job_id}"}


def _id(item: Item) -> str:
    return str(item["video_id"]).removeprefix("job ")


def _partition(job: VideoJob) -> str | None:
    """Return where in the index a job is; those that are complete are not in it."""
    if job.state in {JobState.WAITING, JobState.REJECTED}:
        return _PARTITIONS[job.state]
    return _PARTITIONS[JobState.STARTED] if job.next_check_at else None


def _decode(item: Item) -> VideoJob:
    asked, results = item["asked"], item.get("results")
    decoded = {
        "job_id": _id(item),
        "asked": Asked(**known_fields(Asked, {"version": None} | asked)),
        "lane": Lane.read(item["lane"]),
        "state": JobState.read(item["state"]),
        "results": _results(results) if results else None,
        "rejection": read_rejection(item.get("rejection")),
    }
    times = {name: datetime.fromisoformat(item[name]) if name in item else None for name in _TIMES}
    if decoded["state"] is JobState.REJECTED:
        times["next_check_at"] = None  # when it failed: its place in the index
    return VideoJob(**known_fields(VideoJob, item) | decoded | times)


def _results(stored: Item) -> Results:
    spans = tuple(
        Span(**known_fields(Span, each) | {"confidence": float(each["confidence"])}) for each in stored["spans"]
    )
    return Results(**known_fields(Results, stored) | {"spans": spans})
