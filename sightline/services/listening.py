"""Listen: add the images that S3's events tell of, and have jobs looked at that AWS says have ended.

A message is done only after all its rows stand.

What a process that dies in between has not done comes again with its messages; what it has done is then known from the
rows. So nothing is kept here, and any number of processes may listen to one queue.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from sightline.errors import BadMessage
from sightline.models.images import ImageRow, Lane
from sightline.models.video_jobs import Completion, JobState
from sightline.queues.publishing import Publish
from sightline.queues.sqs import Received
from sightline.queues.steps import Step, collect_job_step, ingest_step
from sightline.services.dead_letters import write_dead_letter
from sightline.services.event_decisions import Filter, Wish, decide
from sightline.services.s3_events import EventMessage, ObjectEvent, read_message
from sightline.services.usage import CallCounter
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations
from sightline.storage.video_jobs.protocol import VideoJobStore

log = structlog.get_logger()

STEP = "listen"

KEPT_CHARACTERS = 500
"""Of the body of a message that cannot be read, in its dead letter."""

_UNTOLD = (JobState.WAITING, JobState.STARTED, JobState.COLLECTED)
"""Of a job that waits, AWS tells if the answer to its start was lost."""

DECIDED_TRIES = 3
"""How often a row that has moved meanwhile is decided about again; after that its messages come again."""


@dataclass(frozen=True, slots=True)
class Listener:
    """All that listening uses: the tables of images and of jobs on videos, and that of operations for dead letters."""

    images: ImageStore
    video_jobs: VideoJobStore
    operations: Operations
    calls: CallCounter
    filter: Filter
    clock: Callable[[], datetime]


@dataclass(slots=True)
class Handled:
    """What became of some messages. done: those that may be deleted; counts: of images and messages, by outcome."""

    done: list[Received] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def handle(messages: Sequence[Received], listener: Listener, send: Publish) -> Handled:
    """Carry out what the messages ask for. If a store or Redis fails, its error is raised: they come again."""
    handled = Handled()
    read = [(each, read_message(each.body, subject_of(each))) for each in messages]
    for message, content in read:
        _keep_refused(message, content.refused, listener)
        handled.counts["refused"] += len(content.refused)
        handled.counts["not about an object"] += len(content.others)
    _tell_of_jobs([each for _, content in read for each in content.completions], listener, send, handled.counts)
    left = _carry_out(_by_image(content for _, content in read), listener, send, handled.counts)
    if left:
        log.warning("Messages stay in the queue: their rows are a newer version's, or change all the time", images=left)
    handled.done = [each for each, content in read if left.isdisjoint(str(event.uri) for event in content.events)]
    return handled


def _tell_of_jobs(completions: Sequence[Completion], listener: Listener, send: Publish, counts: Counter[str]) -> None:
    """Have jobs looked at that are said to have ended: what is true of them, AWS says when it is asked."""
    found = {each.tag: listener.video_jobs.get(each.tag) if each.tag else None for each in completions}
    ours = [job for job in found.values() if job and job.is_known]
    counts["job ended"] += len(ours)
    counts["job of others"] += len(found) - len(ours)
    send([collect_job_step(job.job_id, job.lane) for job in ours if job.state in _UNTOLD])


def subject_of(message: Received) -> str:
    """Name a message by its queue and its body: a copy that comes later has the same name."""
    digest = hashlib.sha256(message.body.encode(errors="surrogatepass")).hexdigest()
    return f"{message.queue} sha256 {digest[:16]}"


def _keep_refused(message: Received, refused: Iterable[BadMessage], listener: Listener) -> None:
    kept = {"queue": message.queue, "message_id": message.message_id, "body": message.body[:KEPT_CHARACTERS]}
    for error in refused:
        write_dead_letter(
            error, step=STEP, message=kept, image_id=None, operations=listener.operations, clock=listener.clock
        )


def _by_image(contents: Iterable[EventMessage]) -> Mapping[str, list[ObjectEvent]]:
    events: dict[str, list[ObjectEvent]] = defaultdict(list)
    for content in contents:
        for event in content.events:
            events[str(event.uri)].append(event)
    return events


def _carry_out(
    events: Mapping[str, Sequence[ObjectEvent]], listener: Listener, send: Publish, counts: Counter[str]
) -> set[str]:
    """Write the rows, then send their steps; return the images whose rows could not be written."""
    rows = listener.images.get_many(events)
    left = {image_id for image_id, row in rows.items() if not row.is_known}
    wishes: dict[str, Wish] = {}
    for image_id, told in events.items():
        kept = _kept(told, rows.get(image_id), listener)
        counts["skipped"] += len(told) - len(kept)
        if kept and image_id not in left:
            wishes[image_id] = decide(kept, rows.get(image_id))
    new = dict(listener.images.add_many([each for each, wish in wishes.items() if wish is Wish.ADD], Lane.LIVE))
    for image_id in [each for each, wish in wishes.items() if wish is Wish.RECEIVE]:
        if not _receive(rows[image_id], events[image_id], listener.images):
            left.add(image_id)
            del wishes[image_id]
    counts.update(wish.name.lower() for wish in wishes.values())
    send(_steps(wishes, new))
    return left


def _kept(events: Sequence[ObjectEvent], row: ImageRow | None, listener: Listener) -> list[ObjectEvent]:
    """Return the events that are not skipped; count the others."""
    kept = []
    for event in events:
        if why := listener.filter.why_skipped(event, row):
            listener.calls.count_skipped(why)
        else:
            kept.append(event)
    return kept


def _receive(row: ImageRow, events: Sequence[ObjectEvent], images: ImageStore) -> bool:
    """Have an image received again, unless its row already knows of these bytes; return whether either is so."""
    now: ImageRow | None = row
    for _ in range(DECIDED_TRIES):
        if now is None or decide(events, now) is not Wish.RECEIVE or images.receive(now, Lane.LIVE):
            return True
        now = images.get(row.image_id)
    return False


def _steps(wishes: Mapping[str, Wish], new: Mapping[str, bool]) -> Iterator[Step]:
    for image_id, wish in wishes.items():
        if wish is not Wish.NOTHING:
            yield ingest_step(image_id, Lane.LIVE, is_new=new.get(image_id, False))
