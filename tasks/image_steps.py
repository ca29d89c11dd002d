"""The four chained tasks of an image: ingest, detect, write rows, merge. The work is in `sightline.services`."""

from celery import shared_task
from celery.exceptions import Ignore

from sightline.models.images import Lane
from sightline.queues.carried import carried_is_new, carried_result, carried_told, result_headers
from sightline.queues.publishing import publish
from sightline.queues.steps import DETECT, INGEST, MERGE, WRITE, passing_on
from sightline.services.collaborators import current
from sightline.services.detection import detect
from sightline.services.graph_merge import merge
from tasks.retry import StepTask


@shared_task(name=INGEST, base=StepTask, bind=True)
def ingest_image(self: StepTask, uri: str, lane: str = "live") -> None:
    """Look at one image and send its analyses on their way."""
    may_be_late, is_new = self.request.retries == 0, carried_is_new(self.request.headers)
    steps = current().ingest.ingest(uri, Lane(lane), may_be_late=may_be_late, is_new=is_new)
    publish(passing_on(steps, self.request.headers))


@shared_task(name=DETECT, base=StepTask, bind=True)
def detect_feature(self: StepTask, uri: str, feature: str, lane: str = "live") -> None:
    """Pay for one analysis of one image, unless it is paid; end the chain if the row no longer wants it."""
    s, told = current(), carried_told(self.carried(feature))
    result = detect(uri, feature, Lane(lane), told=told, images=s.images, plan=s.plan, payer=s.payer)
    if result is None:
        raise Ignore
    self.carry_on(result_headers(result))


@shared_task(name=WRITE, base=StepTask, bind=True)
def write_rows(self: StepTask, uri: str, feature: str, lane: str = "live") -> None:
    """Write one settled analysis to its image's row."""
    publish(current().results.write(uri, feature, Lane(lane), carried_result(self.carried("rows"))))


@shared_task(name=MERGE, base=StepTask)
def merge_image(uri: str, lane: str = "live") -> None:  # noqa: ARG001 - the lane chose the queue
    """Show one image in the graph."""
    merge(uri, merges=current().merges)
