"""What an unfinished image waits for, besides its turn.

Its lane or camera is stopped, its bucket refuses, no money is left for its calls, or it is shown with another image's
answer that is still to come.
"""

from collections.abc import Iterator
from itertools import chain

from sightline.models.bucket_refusals import BucketRefusal, Reader, bucket_of
from sightline.models.budgets import Purse
from sightline.models.images import ImageRow, State
from sightline.queues.steps import lane_queue, next_steps
from sightline.services.collaborators import Services
from sightline.services.reconcile import READERS
from sightline.services.rejection_breaker import is_unread
from sightline.storage.pauses import Cause, Stop

NAMES = {Reader.S3: "S3", Reader.REKOGNITION: "Rekognition"}


def held_up_by(row: ImageRow, services: Services) -> str | None:
    """Return what holds an image up, and why; None if nothing does. What is said first must end first."""
    reasons = chain(_stops(row, services), _refusals(row, services), _money(row, services), _stand_in(row))
    return next(reasons, None) if row.is_known else None


def _stops(row: ImageRow, services: Services) -> Iterator[str]:
    if row.state is State.RECEIVED:
        for stop in services.operations.pauses.stops():
            if stop.queue == lane_queue("ingest", row.lane) and _stops_row(stop, row, services):
                yield f"its {'camera' if stop.cause is Cause.CAMERA else 'lane'}: {stop.reason}"


def _stops_row(stop: Stop, row: ImageRow, services: Services) -> bool:
    if stop.cause is Cause.CAMERA:
        return is_unread(row) and stop.camera == services.rejection_breaker.group_of(row.image_id, row.lane).camera
    return stop.cause is Cause.BRAKE


def _refusals(row: ImageRow, services: Services) -> Iterator[str]:
    readers = {reader for step in next_steps(row) for reader in READERS.get(step.task, ())}
    for refusal in services.operations.bucket_refusals.read():
        place = refusal.waits_for(row.image_id) if refusal.bucket == bucket_of(row.image_id) else None
        if place and refusal.reader in readers:
            yield _said(place, row, refusal)


def _money(row: ImageRow, services: Services) -> Iterator[str]:
    treasury = services.treasury
    if treasury is None or row.state is not State.ANALYSING:
        return
    treasury.look(services.plan.features)
    for feature in row.unsettled():
        if error := treasury.why_waiting(Purse(feature, row.lane)):
            yield f"money: {error}"


def _stand_in(row: ImageRow) -> Iterator[str]:
    if row.state is State.ANALYSING and row.shown_with:
        yield f"the answer about {row.shown_with.image_id}, which it looks like"


def _said(place: str, row: ImageRow, refusal: BucketRefusal) -> str:
    what = "another try" if place == row.image_id else f"its {'bucket' if place == refusal.place else 'prefix'} {place}"
    letter = next((error for each, error in refusal.letters.items() if row.image_id.startswith(each)), None)
    why = f"{letter}, see `sightline dead list`" if letter else "one image is tried each minute"
    return f"{what}, which {NAMES[refusal.reader]} refuses: {why}"
