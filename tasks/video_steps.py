"""The tasks of a video: take its frames, start a job on it, find out about that job.

The work is in `sightline.services.frame_taking` and `video_jobs`.
"""

from celery import shared_task
from typing_extensions import override

from sightline.models.images import Lane
from sightline.queues.publishing import publish
from sightline.queues.steps import COLLECT_JOB, START_JOB, TAKE
from sightline.services.collaborators import current
from sightline.services.videos import keep_failure
from tasks.retry import StepTask


class VideoTask(StepTask):
    """A task that works on one video: its failures are kept on the video's row."""

    @override
    def leave(self, uri: str) -> None:
        """Do nothing: the video's row is unfinished, so that its step is sent again."""

    @override
    def keep_failure(self, error: BaseException, uri: str) -> None:
        keep_failure(error, uri, current())


@shared_task(name=TAKE, base=VideoTask)
def take_frames(uri: str, lane: str = "live") -> None:
    """Take what is missing of a video's frames."""
    current().frame_taker.take(uri, Lane(lane), publish)


class JobTask(VideoTask):
    """A task that works on one job: what is left of it is found by its row, and a job that is bad has ended there."""

    @override
    def keep_failure(self, error: BaseException, uri: str) -> None:
        """Do nothing: the job's row is unfinished, so that its step is sent again."""


@shared_task(name=START_JOB, base=JobTask)
def start_video_job(job_id: str, lane: str = "live") -> None:  # noqa: ARG001 - the lane chose the queue
    """Start one job on a video, unless it is started."""
    current().job_runner.start(job_id, publish)


@shared_task(name=COLLECT_JOB, base=JobTask)
def collect_video_job(job_id: str, lane: str = "live") -> None:  # noqa: ARG001 - the lane chose the queue
    """Ask how one job stands, and keep what it found."""
    current().job_runner.collect(job_id, publish)
