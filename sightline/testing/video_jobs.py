"""The in-memory fakes of the store of jobs on videos, and of Rekognition's side of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from typing_extensions import override

from sightline.errors import ImageMissing
from sightline.models.answers import Json
from sightline.models.video_jobs import JobState, VideoJob
from sightline.rekognition.video_client import Looked, Page, Place, Standing, VideoJobClient
from sightline.rekognition.video_job import JobKind
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.video_errors import JobsAtLimit, JobTokenMismatch, ResultsGone


class InMemoryVideoJobStore(VideoJobStore):
    """Rows in a dictionary. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._rows: dict[str, VideoJob] = {}
        self._places: dict[str, datetime] = {}
        self._lock = Lock()

    @override
    def add(self, job: VideoJob) -> VideoJob:
        with self._lock:
            return self._rows.setdefault(job.job_id, replace(job, changes=1))

    @override
    def get(self, job_id: str) -> VideoJob | None:
        return self._rows.get(job_id)

    @override
    def save(self, seen: VideoJob, now: VideoJob) -> VideoJob | None:
        with self._lock:
            standing = self._rows.get(seen.job_id)
            if standing is None or standing.changes != seen.changes:
                return None
            self._rows[seen.job_id] = replace(now, changes=seen.changes + 1)
            return self._rows[seen.job_id]

    @override
    def due(self, before: datetime, *, is_started: bool) -> Iterator[VideoJob]:
        rows = [each for each in self._rows.values() if (each.state is not JobState.WAITING) == is_started]
        found = [(row.next_check_at, row) for row in rows if row.next_check_at]
        yield from (row for at, row in sorted(found, key=lambda each: each[0]) if at < before)

    @override
    def count_by_state(self) -> Mapping[JobState, int]:
        counts = dict.fromkeys((JobState.WAITING, JobState.STARTED, JobState.REJECTED), 0)
        for each in self._rows.values():
            state = JobState.STARTED if each.state is JobState.COLLECTED else each.state
            if state in counts:
                counts[state] += 1
        return counts

    @override
    def take_place(self, job_id: str, most: int) -> bool:
        with self._lock:
            if job_id not in self._places and len(self._places) >= most:
                return False
            self._places.setdefault(job_id, self._clock())
            return True

    @override
    def leave_place(self, job_id: str) -> None:
        with self._lock:
            self._places.pop(job_id, None)

    @override
    def places(self) -> Mapping[str, datetime]:
        return dict(self._places)

    def all(self) -> list[VideoJob]:
        """Return every row, in the order in which they were added."""
        return list(self._rows.values())


@dataclass(slots=True)
class _Job:
    said: tuple[object, ...]
    started_at: datetime
    tag: str
    standing: Standing = Standing.RUNNING
    told: str = ""


@dataclass(slots=True)
class ScriptedVideoJobs(VideoJobClient):
    """Rekognition's jobs in memory, with its rules: tokens live seven days, at most so many run, results last as long.

    entries: what a job that is done lists, by the kind's name; before, after: what the next starts raise, before or
    after the job is there; jobs: those that were really started, by AWS's id: each is billed; missing: keys that it
    cannot see
    wrapped: `start` or `pages` → what is called in their place
    """

    clock: Callable[[], datetime]
    most: int = 20
    lasts: timedelta = timedelta(minutes=1)
    entries: dict[str, list[Json]] = field(default_factory=dict)
    before: list[Exception] = field(default_factory=list)
    after: list[Exception] = field(default_factory=list)
    jobs: dict[str, _Job] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    wrapped: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @override
    def start(self, kind: JobKind, place: Place, parameters: Mapping[str, Json], token: str, tag: str) -> str:
        if "start" in self.wrapped:
            job_id: str = self.wrapped["start"](kind, place, parameters, token, tag)
            return job_id
        return self.really_start(kind, place, parameters, token, tag)

    def really_start(self, kind: JobKind, place: Place, parameters: Mapping[str, Json], token: str, tag: str) -> str:
        """Start a job, whatever stands in its way in `wrapped`."""
        if self.before:
            raise self.before.pop(0)
        job_id = self._started(kind, place, parameters, token, tag)
        if self.after:
            raise self.after.pop(0)
        return job_id

    def _started(self, kind: JobKind, place: Place, parameters: Mapping[str, Json], token: str, tag: str) -> str:
        said = (kind.start, place, repr(parameters), tag)
        known = self.jobs.get(self.tokens.get(token, ""))
        if known and self.clock() - known.started_at < timedelta(days=7):
            if known.said != said:
                raise JobTokenMismatch(place.key)
            return self.tokens[token]
        if place.key in self.missing:
            raise ImageMissing(place.key)
        if self.running() >= self.most:
            raise JobsAtLimit(place.key)
        job_id = f"aws-{len(self.jobs) + 1}"
        self.jobs[job_id], self.tokens[token] = _Job(said, self.clock(), tag), job_id
        return job_id

    def running(self) -> int:
        """Return how many jobs run now."""
        return sum(self._standing(each) is Standing.RUNNING for each in self.jobs.values())

    def _standing(self, job: _Job) -> Standing:
        is_over = job.standing is Standing.RUNNING and self.clock() - job.started_at >= self.lasts
        return Standing.DONE if is_over else job.standing

    def fail(self, aws_job_id: str, told: str) -> None:
        """Let a job fail."""
        self.jobs[aws_job_id].standing, self.jobs[aws_job_id].told = Standing.FAILED, told

    @override
    def look(self, kind: JobKind, aws_job_id: str) -> Looked:
        job = self._kept(aws_job_id)
        return Looked(self._standing(job), job.told)

    def _kept(self, aws_job_id: str) -> _Job:
        job = self.jobs.get(aws_job_id)
        if job is None or self.clock() - job.started_at > timedelta(days=7):
            raise ResultsGone(aws_job_id)
        return job

    @override
    def pages(self, kind: JobKind, aws_job_id: str) -> Iterator[Page]:
        if "pages" in self.wrapped:
            yield from self.wrapped["pages"](kind, aws_job_id)
            return
        yield from self.really_pages(kind, aws_job_id)

    def really_pages(self, kind: JobKind, aws_job_id: str) -> Iterator[Page]:
        """Yield the pages, whatever stands in their way in `wrapped`."""
        self._kept(aws_job_id)
        found = self.entries.get(kind.name, [])
        for begin in range(0, max(1, len(found)), 2):
            yield Page(found[begin : begin + 2], "test-1", 90_000)
