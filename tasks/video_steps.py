"""The one task of a video: take its frames. The work is in `sightline.services.frame_taking`."""

from celery import shared_task
from typing_extensions import override

from sightline.models.images import Lane
from sightline.queues.publishing import publish
from sightline.queues.steps import TAKE
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
