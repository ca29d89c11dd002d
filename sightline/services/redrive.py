"""Dead letters: selected by their content, and redriven once the cause is corrected.

A redrive looks at the image again from its beginning, and what the ledger has settled is not paid again. A dead
letter closes by itself if ingest accepts its image; if the image is refused once more, the same dead letter counts it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

import structlog

from sightline.errors import InvalidUri, UnreadableKey
from sightline.models.images import ImageRow, Lane, State
from sightline.models.video_jobs import JobState
from sightline.models.videos import VideoState
from sightline.queues.carried import IS_REDRIVEN
from sightline.queues.publishing import BATCH, Publish
from sightline.queues.steps import START_JOB, TAKE, Step, ingest_step, start_job_step, take_step
from sightline.services.video_jobs import JobRunner
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations
from sightline.storage.videos.protocol import VideoStore

log = structlog.get_logger()

OF_VIDEOS = (TAKE, START_JOB)
"""The steps of videos: their dead letters are no images'."""

CameraOf = Callable[[ObjectUri], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant: those that match everything given here.

    since, until: bounds of the last time; no_camera: those whose input names no camera
    """

    error: str | None = None
    camera: str | None = None
    image: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    no_camera: bool = False

    def takes(self, dead_letter: DeadLetter, camera_of: CameraOf) -> bool:
        """Return whether a dead letter is meant."""
        return (
            self.error in {None, dead_letter.error}
            and self.image in {None, dead_letter.image_id, dead_letter.subject}
            and (self.since is None or dead_letter.last_at >= self.since)
            and (self.until is None or dead_letter.last_at <= self.until)
            and (self.camera is None or self.camera == camera_of_dead_letter(dead_letter, camera_of))
            and (not self.no_camera or camera_of_dead_letter(dead_letter, camera_of) is None)
        )


def camera_of_dead_letter(dead_letter: DeadLetter, camera_of: CameraOf) -> str | None:
    """Return the camera that the dead letter's image names; None if it names none."""
    try:
        return camera_of(ObjectUri.parse(dead_letter.image_id or dead_letter.subject))
    except (InvalidUri, UnreadableKey):
        return None


def redrive(
    dead_letters: Iterable[DeadLetter],
    images: ImageStore,
    videos: VideoStore,
    jobs: JobRunner,
    operations: Operations,
    send: Publish,
) -> Iterator[Counter[str]]:
    """Send the images of dead letters through ingest again, in batches; yield the counts of each batch.

    sent: looked at again; closed: complete already, so that the dead letter was left over; refused: no image is named,
    so nothing can be sent, and the dead letter stays open. An image whose row only a newer version knows is left to it.
    A video is taken again, up to the number of frames that were agreed to; refused is one that nobody agreed to.
    Of its jobs all those that failed are started once more.
    """
    waiting = iter(dead_letters)
    while batch := list(islice(waiting, BATCH)):
        of_videos = [dead_letter for dead_letter in batch if dead_letter.step == TAKE]
        taken = Counter(_take_again(dead_letter, videos, operations, send) for dead_letter in of_videos)
        of_jobs = [dead_letter for dead_letter in batch if dead_letter.step == START_JOB]
        taken.update(_start_again(dead_letter, videos, jobs, operations, send) for dead_letter in of_jobs)
        batch = [dead_letter for dead_letter in batch if dead_letter.step not in OF_VIDEOS]
        named = [(dead_letter, image_id) for dead_letter in batch if (image_id := image_of(dead_letter))]
        rows = images.get_many({image_id for _, image_id in named})
        refused = len(batch) - len(named)
        if newer := {image_id for image_id, row in rows.items() if not row.is_known}:
            log.warning("Images are left to a newer version", images=sorted(newer))
        named = [(dead_letter, image_id) for dead_letter, image_id in named if image_id not in newer]
        done = {image_id for image_id, row in rows.items() if row.state is State.COMPLETE}
        closed = sum(
            operations.dead_letters.close(dead_letter.dead_letter_id)
            for dead_letter, image_id in named
            if image_id in done
        )
        again = sorted({image_id for _, image_id in named} - done)
        send(_step(image_id, rows.get(image_id), images) for image_id in again)
        counts = Counter(sent=len(again), closed=closed, refused=refused)
        counts.update(taken)
        yield counts


def _take_again(dead_letter: DeadLetter, videos: VideoStore, operations: Operations, send: Publish) -> str:
    """Receive a video again and send its step; return under what it is counted."""
    row = videos.get(dead_letter.subject)
    if row is None or not row.state.is_known:
        return "refused"
    if row.state is VideoState.TAKEN:
        operations.dead_letters.close(dead_letter.dead_letter_id)
        return "closed"
    videos.add(row.video_id, row.lane, row.most_frames)
    send([take_step(row.video_id, row.lane)])
    return "sent"


def _start_again(
    dead_letter: DeadLetter, videos: VideoStore, jobs: JobRunner, operations: Operations, send: Publish
) -> str:
    """Start the jobs of a video that failed, each under a new token; return under what it is counted."""
    row = videos.get(dead_letter.image_id or dead_letter.subject)
    found = [jobs.video_jobs.get(job_id) for job_id in (row.jobs.values() if row else ())]
    failed = [job for job in found if job and job.state is JobState.REJECTED]
    if not failed:
        operations.dead_letters.close(dead_letter.dead_letter_id)
        return "closed"
    again = [jobs.again(job) for job in failed]
    send([start_job_step(job.job_id, job.lane) for job in again])
    return "sent"


def image_of(dead_letter: DeadLetter) -> str | None:
    """Return the image that a redrive looks at again; None if the dead letter names none."""
    try:
        return str(ObjectUri.parse(dead_letter.image_id or dead_letter.subject))
    except InvalidUri:
        return None


def _step(image_id: str, row: ImageRow | None, images: ImageStore) -> Step:
    """Return the step that looks at the image again; its row is received first, as if it were new."""
    lane = row.lane if row else Lane.LIVE
    images.add(image_id, lane)
    return replace(ingest_step(image_id, lane), headers={IS_REDRIVEN: True})
