"""Jobs: started once for each token, at most so many at once, run from the pixels, and told of when they end."""

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

from dev.rekognition.faults import FAIL, RUN, Fault, FaultScript
from dev.rekognition.refusals import Refusal
from dev.rekognition.s3 import Objects
from dev.rekognition.sight import Sight
from dev.rekognition.videos.clip import UnfitVideo, video
from dev.rekognition.videos.kinds import BY_START, JobKind, Second, kind_of_get
from dev.rekognition.videos.messages import Completion, Messages
from dev.rekognition.videos.pages import Pages
from sightline.models.answers import Json

T = TypeVar("T")

RUNNING, DONE, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"

MOST_AT_ONCE = 20
"""AWS's limit of an account."""

KEPT = timedelta(days=7)
"""How long AWS keeps results, and remembers a token."""

_BUSY_SECONDS = 0.5
"""When a second is looked at again that no process had time for."""


@dataclass(slots=True)
class Job:
    """One job. seconds: what was found in each; told: why it failed; ended_at: None while it runs."""

    job_id: str
    kind: JobKind
    request: Json
    state: str = RUNNING
    told: str = ""
    metadata: Json = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)
    ended_at: datetime | None = None


@dataclass(slots=True)
class Jobs:
    """All jobs of this process: they are forgotten when it ends.

    most: so many may run at once; least_seconds: no job ends sooner; clock: by which tokens, pages and results age
    """

    objects: Objects
    sight: Sight
    faults: FaultScript
    messages: Messages
    clock: Callable[[], datetime]
    most: int = MOST_AT_ONCE
    least_seconds: float = 0.0
    _jobs: dict[str, Job] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _pages: Pages = field(init=False)

    def __post_init__(self) -> None:
        self._pages = Pages(self.clock)

    @property
    def running(self) -> int:
        """Return how many jobs run now."""
        return sum(each.state == RUNNING for each in self._jobs.values())

    async def start(self, operation: str, request: Json) -> str:
        """Return the id of a job: of the one that its token started before, or of a new one."""
        token, asked = (
            request.get("ClientRequestToken"),
            {k: v for k, v in request.items() if k != "ClientRequestToken"},
        )
        said = json.dumps([operation, asked], sort_keys=True)
        if token and (known := self._known(token, said)):
            return known
        if self.running >= self.most:
            raise Refusal("LimitExceededException")
        job = Job(secrets.token_hex(32), BY_START[operation], asked)
        self._jobs[job.job_id] = job  # before anything is waited for: it counts
        try:
            await asyncio.to_thread(self.objects.look_at_video, asked["Video"]["S3Object"])
        except Refusal:
            del self._jobs[job.job_id]
            raise
        if token:
            self._tokens[token] = (said, job.job_id, self.clock())
        self._in_background(self._run(job))
        return job.job_id

    def _known(self, token: str, said: str) -> str | None:
        before, job_id, at = self._tokens.get(token, ("", "", None))
        if at is None or self.clock() - at > KEPT:
            return None
        if before != said:
            raise Refusal("IdempotentParameterMismatchException")
        return job_id

    def get(self, operation: str, request: Json) -> Json:
        """Answer a Get…: the state, and a page of what was found."""
        job = self._jobs.get(request["JobId"])
        if job is None or (job.ended_at and self.clock() - job.ended_at > KEPT):
            raise Refusal("ResourceNotFoundException")
        kind = kind_of_get(operation, job.kind.start)
        answer = {"JobStatus": job.state, "JobId": job.job_id, "Video": job.request["Video"]}
        answer |= {"JobTag": job.request["JobTag"]} if "JobTag" in job.request else {}
        if job.state == RUNNING:
            return answer
        if job.state == FAILED:
            return answer | {"StatusMessage": job.told}
        entries = kind.entries(job.seconds, request, job.metadata["DurationMillis"])
        page, more = self._pages.page(job.job_id, entries, request)
        version = {kind.version: self.sight.detector.model_version} if kind.version else {}
        return answer | {"VideoMetadata": job.metadata, kind.listed: page} | version | more

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, job: Job) -> None:
        """Run a job to its end, which comes whatever happens, and send its message."""
        fault = self.faults.take(RUN)
        lasts = asyncio.sleep(self.least_seconds)
        try:
            _require_no_fault(fault)
            await asyncio.gather(self._look(job), lasts)
            job.state = DONE
        except (UnfitVideo, Refusal) as error:
            job.state, job.told = FAILED, error.message if isinstance(error, Refusal) else str(error)
        except Exception as error:  # noqa: BLE001 - a job that never ends would hold its place for good
            job.state, job.told = FAILED, f"Internal error: {error!r}"
        job.ended_at = self.clock()
        lasts.close()
        await self.messages.send(_completion(job))

    async def _look(self, job: Job) -> None:
        place = job.request["Video"]["S3Object"]
        with NamedTemporaryFile(prefix="rekognition-video-") as file:
            await _in_thread(self.objects.read_video, place, file)
            with video(Path(file.name), f"s3://{place['Bucket']}/{place['Name']}") as seen:
                job.metadata = seen.metadata
                while (second := await _in_thread(next, seen.seconds, None)) is not None:
                    at, content = second
                    job.seconds.append((at, await self._found(job, content)))

    async def _found(self, job: Job, content: Any) -> Any:
        """Look at one second. While all processes are busy with other work, wait: a job is not throttled."""
        while True:
            try:
                return await job.kind.look(job.request, content, self.sight)
            except Refusal as refusal:
                if refusal.code != "ProvisionedThroughputExceededException":
                    raise
                await asyncio.sleep(_BUSY_SECONDS)


async def _in_thread(call: Callable[..., T], *arguments: Any) -> T:
    """Call in a thread. A cancelled job waits until its thread, which cannot be stopped, no longer needs the file."""
    work = asyncio.get_running_loop().run_in_executor(None, call, *arguments)
    try:
        await asyncio.wait([work])
    except asyncio.CancelledError:
        await asyncio.wait([work])
        work.exception()  # asked for, so that nobody is told of what a cancelled job no longer minds
        raise
    return work.result()


def _require_no_fault(fault: Fault | None) -> None:
    if fault and fault.answer == FAIL:
        raise UnfitVideo("The fault script says that this job fails")


def _completion(job: Job) -> Completion:
    place = job.request["Video"]["S3Object"]
    return Completion(
        topic=job.request.get("NotificationChannel", {}).get("SNSTopicArn"),
        told={
            "JobId": job.job_id,
            "Status": job.state,
            "API": job.kind.start,
            **({"JobTag": job.request["JobTag"]} if "JobTag" in job.request else {}),
            "Timestamp": int(job.ended_at.timestamp() * 1000) if job.ended_at else 0,
            "Video": {"S3ObjectName": place["Name"], "S3Bucket": place["Bucket"]},
        },
    )
