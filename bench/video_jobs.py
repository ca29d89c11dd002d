"""Does each video get its job once, if workers are killed, answers are cut off and messages are lost, doubled and late?

Real servers and workers; the local Rekognition runs at most 20 jobs at once, each for some seconds. Exit status: 0 if
each video's job is complete, no job was started beyond one for each video, and never more than 20 ran.
"""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.video_run import _kill, _until
from dev.clips.mp4 import write_clip
from dev.stack import Options, Stack
from dev.stack.servers import SERVERS
from dev.stack.settings import settings_of
from dev.stack.watched import temporary_folder
from sightline.bootstrap import connect
from sightline.models.images import Lane
from sightline.models.video_jobs import JobState, VideoJob
from sightline.queues.client import make_client
from sightline.queues.publishing import publish
from sightline.services.collaborators import Services
from sightline.services.ingest import add_images
from sightline.services.videos import quote
from sightline.storage.buckets.protocol import ObjectUri

AT_ONCE = 20
JOB_SECONDS = 30
WORKERS = {"ingest": 1, "frames": 1, "operations": 1, "beat": 1, "listen": 1}
TOPIC, ROLE = "arn:aws:sns:us-east-1:000000000000:AmazonRekognition-jobs", "arn:aws:iam::000000000000:role/jobs"
SETTINGS = {
    "SIGHTLINE_FEATURES": "labels",
    "SIGHTLINE_VIDEO_JOBS": "labels",
    "SIGHTLINE_VIDEO_JOBS_AT_ONCE": str(AT_ONCE),
    "SIGHTLINE_VIDEO_JOBS_TOPIC": TOPIC,
    "SIGHTLINE_VIDEO_JOBS_ROLE": ROLE,
    "SIGHTLINE_VIDEO_FRAMES": "none",
}


@dataclass(frozen=True, slots=True)
class JobsOutcome:
    """What came of a run. cut: answers to starts that were cut off; booked: jobs in the books."""

    videos: int
    complete: int
    started: int
    start_calls: int
    cut: int
    lost: int
    doubled: int
    late: int
    most_running: int
    booked: int
    kills: int
    took_seconds: float

    @property
    def is_kept(self) -> bool:
        """Return whether each video has its one job, is booked once, and never too many ran."""
        return self.complete == self.started == self.booked == self.videos and self.most_running <= AT_ONCE


def run_jobs(count: int) -> JobsOutcome:
    """Add so many videos, kill two workers meanwhile, wait until every job is complete, and count."""
    options = Options(dynamodb_in_memory=True, settings=SETTINGS)
    with temporary_folder("sightline-jobs-") as folder, Stack(folder / "stack", tuple(SERVERS), options) as stack:
        stack.set_up()
        settings = settings_of(stack.env)
        services = connect(settings)
        make_client(settings.redis_url.get_secret_value(), settings.key_prefix).set_current()
        faults = {"lose": count // 4, "double": count // 4, "late": count // 6}
        cut = max(1, count // 10)
        _control(stack, _script(faults, cut))
        began = time.monotonic()
        names = _add(services, folder, count)
        stack.start_workers(WORKERS)
        running: list[int] = []
        _until(stack, lambda: _look(stack, running) and _jobs(services, names, {JobState.STARTED, JobState.COMPLETE}))
        _kill(stack, "frames-0")
        _until(
            stack, lambda: _look(stack, running) and len(_jobs(services, names, {JobState.COMPLETE})) > len(names) // 3
        )
        _kill(stack, "frames-0")
        _until(stack, lambda: _look(stack, running) and len(_jobs(services, names, {JobState.COMPLETE})) == len(names))
        took = time.monotonic() - began
        calls = _calls(stack)
        booked = services.operations.books.read("2000-01-01", "2999-12-31")
        outcome = JobsOutcome(
            videos=count,
            complete=len(_jobs(services, names, {JobState.COMPLETE})),
            started=len({call["job"] for call in calls if call["job"]}),
            start_calls=len(calls),
            cut=sum(call["outcome"] == "cut" for call in calls),
            lost=faults["lose"],
            doubled=faults["double"],
            late=faults["late"],
            most_running=max(running, default=0),
            booked=sum(number for line, number in booked.items() if line.feature == "video_labels"),
            kills=2,
            took_seconds=took,
        )
        services.graph.close()
        return outcome


def _script(faults: dict[str, int], cut: int) -> dict[str, Any]:
    messages = [
        {"operation": "notify", "next": number, "answer": answer, **({"seconds": 20} if answer == "late" else {})}
        for answer, number in faults.items()
        if number
    ]
    starts = {"operation": "StartLabelDetection", "next": cut, "answer": "cut"}
    return {"jobs_at_once": AT_ONCE, "job_seconds": JOB_SECONDS, "faults": [*messages, starts]}


def _add(services: Services, folder: Path, count: int) -> list[str]:
    """Upload videos of different bytes and add them with their jobs; return the names of the jobs' rows."""
    for number in range(count):
        uri = f"s3://images/yard/2026-11-02/{number:03}.mp4"
        pictures = [np.full((96, 96, 3), 40 + 2 * number + second, np.uint8) for second in range(3)]
        clip = write_clip(folder / "clip.mp4", pictures, 2).read_bytes()
        services.buckets.put(ObjectUri.parse(uri), clip)
        quoted = quote(uri, services)
        add_images([uri], Lane.LIVE, services, most_frames=1)
        services.job_runner.add(quoted.jobs, Lane.LIVE, publish)
    rows = (services.videos.get(f"s3://images/yard/2026-11-02/{number:03}.mp4") for number in range(count))
    return [job_id for row in rows if row for job_id in row.jobs.values()]


def _jobs(services: Services, names: list[str], states: set[JobState]) -> list[VideoJob]:
    found = (services.video_jobs.get(name) for name in names)
    return [job for job in found if job and job.state in states]


def _control(stack: Stack, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    url = f"{stack.env['SIGHTLINE_REKOGNITION_ENDPOINT']}/control"
    data = json.dumps(wanted).encode() if wanted is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:  # noqa: S310 - our own server
        told: dict[str, Any] = json.loads(answer.read())
        return told


def _look(stack: Stack, running: list[int]) -> bool:
    running.append(_control(stack)["jobs"]["running"])
    return True


def _calls(stack: Stack) -> list[dict[str, Any]]:
    log = stack.layout.data("rekognition") / "calls.jsonl"
    return [call for call in map(json.loads, log.read_text().splitlines()) if call["operation"].startswith("Start")]


def print_jobs(outcome: JobsOutcome) -> None:
    """Print what came of a run."""
    for name, said in (
        ("videos", f"{outcome.videos:,}"),
        ("jobs complete", f"{outcome.complete:,}"),
        ("jobs that Rekognition really started", f"{outcome.started:,}"),
        ("starts sent, of these with a lost answer", f"{outcome.start_calls:,} ({outcome.cut:,})"),
        ("messages lost, doubled, late", f"{outcome.lost:,}, {outcome.doubled:,}, {outcome.late:,}"),
        ("most jobs at once", f"{outcome.most_running:,} of {AT_ONCE}"),
        ("minutes in the books, one a video", f"{outcome.booked:,}"),
        ("workers killed", f"{outcome.kills:,}"),
        ("seconds from adding to the last job", f"{outcome.took_seconds:.0f}"),
    ):
        print(f"{name:<48} {said}")
