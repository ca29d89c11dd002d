"""Ingest: look at the object, decide what to ask of it, and write that down before anything is sent."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sightline.errors import ImageChanged, ImageMissing, ImageNotYetThere, InvalidUri, RejectedError
from sightline.models.images import Capture, Content, ImageRow, Lane, Rejection, State
from sightline.queues.publishing import BATCH, Publish, publish
from sightline.queues.steps import INGEST, Step, ingest_step, next_steps
from sightline.rekognition.analysis import analysis_id
from sightline.rekognition.preflight import inspect_picture
from sightline.services.collaborators import Plan, Services, current
from sightline.services.dead_letters import close_replaced, write_dead_letter
from sightline.services.imported import adopt_import
from sightline.services.rejection_breaker import TAKEN, RejectionBreaker
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations


@dataclass(slots=True)
class Added:
    """What became of the URIs that a producer gave: how many were new or known, and which were refused."""

    new: int = 0
    known: int = 0
    refused: list[InvalidUri] = field(default_factory=list)


def add_images(
    uris: Iterable[str], lane: Lane = Lane.LIVE, services: Services | None = None, send: Publish = publish
) -> Added:
    """Add images by URI (`s3://bucket/key`): the row first, then the message. Adding one twice pays nothing twice."""
    use = services or current()
    added = Added()
    valid = _valid_uris(uris, added.refused)
    while chunk := list(islice(valid, BATCH)):
        for _, is_new in use.images.add_many(chunk, lane):
            added.new += is_new
            added.known += not is_new
        send(ingest_step(uri, lane) for uri in chunk)
    for error in added.refused:
        message = {"uri": error.subject}
        write_dead_letter(
            error, step=INGEST, message=message, image_id=None, operations=use.operations, clock=use.clock
        )
    return added


def _valid_uris(uris: Iterable[str], refused: list[InvalidUri]) -> Iterator[str]:
    for uri in uris:
        try:
            yield str(ObjectUri.parse(uri))
        except InvalidUri as error:
            refused.append(error)


def ingest(  # noqa: PLR0913 - the signature says what it uses
    image_id: str,
    lane: Lane,
    *,
    may_be_late: bool,
    images: ImageStore,
    ledger: Ledger,
    buckets: Buckets,
    operations: Operations,
    plan: Plan,
    read_capture: Callable[[ObjectHead, bytes], Capture],
    clock: Callable[[], datetime],
    rejection_breaker: RejectionBreaker,
) -> list[Step]:
    """Read the object and fix what is wanted of it; give the steps that are due.

    may_be_late: S3 may not show a new object yet, so that its absence raises ImageNotYetThere, to look once more.
    A bad image ends here, and so does one whose URI is refused, by us or by S3: its row says why, and so does a dead
    letter. One that is good now has its letter closed.
    """
    seen = _row(image_id, lane, images)
    try:
        head, data = buckets.get(ObjectUri.parse(image_id))
        content = _content(image_id, head, data)
        if seen.state is State.STUCK and content == seen.content:
            return []  # the message came twice: who asks for it again has the row received first
        before = {**seen.wanted, **adopt_import(seen, content.sha256, plan, ledger)}
        row = images.begin(seen, content, read_capture(head, data), wanted(content.sha256, plan, before), lane)
    except (RejectedError, InvalidUri) as error:
        if isinstance(error, ImageMissing) and may_be_late and seen.content is None:
            raise ImageNotYetThere(image_id) from error
        if not (isinstance(error, ImageMissing) and seen.content):
            message = {"uri": image_id}
            write_dead_letter(
                error, step=INGEST, message=message, image_id=image_id, operations=operations, clock=clock
            )
        row = _end(seen, error, images)
    if row is None:
        raise ImageChanged(image_id)
    if not (row.state is State.GONE and seen.content):
        rejection_breaker.count(lane, row.rejection.error if row.rejection else TAKEN)
    close_replaced(image_id, seen.rejection, row.rejection, operations)
    return next_steps(row)


def _row(image_id: str, lane: Lane, images: ImageStore) -> ImageRow:
    """Read the row; make it where a producer sent no more than a message, with a URI that can be one."""
    row = images.get(image_id)
    if row is None:
        images.add(str(ObjectUri.parse(image_id)), lane)
        row = images.get(image_id)
    if row is None:
        raise ImageChanged(image_id)
    return row


def _content(image_id: str, head: ObjectHead, data: bytes) -> Content:
    picture = inspect_picture(image_id, data)
    digest = hashlib.sha256(data).hexdigest()
    sides = picture.width_pixels, picture.height_pixels
    return Content(digest, head.etag, len(data), *sides, head.version, head.last_modified)


def wanted(content: str, plan: Plan, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name the analyses that the plan wants of these bytes: feature → analysis id.

    before: what the row wants already. A deeper or an imported analysis of the same bytes stays wanted.
    """
    return {name: _wanted(content, name, plan, (before or {}).get(name)) for name in plan.features}


def _wanted(content: str, feature: str, plan: Plan, before: str | None) -> str:
    ids = [analysis_id(content, feature, request, plan.generation) for request in plan.requests(feature)]
    return before if before in ids else ids[0]


def _end(seen: ImageRow, error: RejectedError | InvalidUri, images: ImageStore) -> ImageRow | None:
    state = State.GONE if isinstance(error, ImageMissing) else State.REJECTED
    return images.end(seen, state, Rejection(type(error).__name__, str(error)))


def ingest_with(services: Services, image_id: str, lane: str, retries: int, send: Publish = publish) -> None:
    """Do the ingest of one message and send what follows."""
    s = services
    steps = ingest(
        image_id,
        Lane(lane),
        may_be_late=retries == 0,
        images=s.images,
        ledger=s.ledger,
        buckets=s.buckets,
        operations=s.operations,
        plan=s.plan,
        read_capture=s.read_capture,
        clock=s.clock,
        rejection_breaker=s.rejection_breaker,
    )
    send(steps)
