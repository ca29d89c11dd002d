"""Reconcile: look at what is unfinished, and send again the steps that its row says are missing.

The queue is a hint. A step is sent again where its message can no longer be waiting; a row is then left alone for
twice as long as before. Only failures for an image's own reason count against it (`services/failures.py` notes them):
a message that waits, a lane that is stopped, a throttle or a server that is away never do. Images of a bucket that
refuses are not sent, but one a minute; when it is read again, all are sent at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice

import structlog

from sightline.errors import Exhausted
from sightline.models.answers import Json
from sightline.models.bucket_refusals import BucketRefusal, Reader
from sightline.models.images import ImageRow, Lane, Rejection
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.publishing import BATCH, Publish, publish_again
from sightline.queues.redis import RedisQueues, Waiting
from sightline.queues.steps import DETECT, INGEST, Step, next_steps
from sightline.services.bucket_gate import BucketGate
from sightline.services.collaborators import Services
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import give_up
from sightline.services.leased_runs import LeasedRun
from sightline.services.rejection_breaker import is_unread
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations
from sightline.timing import CHECK_AFTER

log = structlog.get_logger()

NAME = "reconcile_images"

MAX_ROUNDS = 5
"""After so many counted rounds an image is stuck: a dead letter says why."""

LONGEST_PAUSE = timedelta(hours=1)
"""Longest pause between checks of an image that fails for its own reason."""

LONGEST_PAUSE_OF_THE_BLAMELESS = timedelta(minutes=8)
"""Longest pause between checks of an image that has no failure of its own.

Short, so that it resumes soon after an outage.
"""

LOOKED_AT_FOR_A_PROBE = 1000
"""So many unfinished rows are looked at, each minute, to find images to try for the buckets that refuse."""

READERS = {INGEST: (Reader.S3,), DETECT: (Reader.S3, Reader.REKOGNITION)}
"""Who must be able to read the object for a step."""

SENT_A_LITTLE_LATER = timedelta(seconds=10)
"""How much later than its row a message may be sent: rows of a batch are written first."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What one look needs; the same for every row. is_stopped: whether an image's camera is stopped."""

    images: ImageStore
    operations: Operations
    queues: RedisQueues
    send: Publish
    clock: Callable[[], datetime]
    is_stopped: Callable[[str, Lane], bool]
    bucket_gate: BucketGate


def reconcile(reconciler: Reconciler, goes_on: Callable[[], bool]) -> Counter[str]:
    """Look at every row that is due, in pieces; count what was found and done."""
    done: Counter[str] = Counter(looked_at=0, sent=0, waiting=0, failed=0, stuck=0)
    refusing = reconciler.bucket_gate.known()
    for refusal in refusing:
        if refusal.released and goes_on():
            done.update(_send_released(refusal, reconciler, goes_on))
        if refusal.refused and goes_on():
            done.update(_send_probes(refusal, reconciler))
    due = (each.image_id for each in reconciler.images.unfinished(reconciler.clock()))
    while goes_on() and (chunk := list(islice(due, BATCH))):
        rows = [row for row in reconciler.images.get_many(chunk).values() if _is_due(row, reconciler.clock())]
        done.update(_reconcile_understood(rows, reconciler))
    return done


def _reconcile_understood(rows: list[ImageRow], reconciler: Reconciler) -> Counter[str]:
    understood = [row for row in rows if _is_understood(row)]
    done = _reconcile_rows(understood, reconciler)
    done.update({"unknown": len(rows) - len(understood)} if len(rows) > len(understood) else {})
    return done


def _send_released(refusal: BucketRefusal, reconciler: Reconciler, goes_on: Callable[[], bool]) -> Counter[str]:
    """Send the images of places that are read again, although they were to be looked at later."""
    done: Counter[str] = Counter()
    waiting = _waiting_under(refusal.released, reconciler)
    while goes_on():
        if not (chunk := list(islice(waiting, BATCH))):
            reconciler.bucket_gate.sent(refusal)
            break
        rows = [row for row in reconciler.images.get_many(chunk).values() if row.next_check_at is not None]
        done.update(_reconcile_understood(rows, reconciler))
    return done


def _waiting_under(places: Iterable[str], reconciler: Reconciler) -> Iterator[str]:
    until = reconciler.clock() + max(LONGEST_PAUSE, LONGEST_PAUSE_OF_THE_BLAMELESS)
    under = tuple(places)
    return (each.image_id for each in reconciler.images.unfinished(until) if each.image_id.startswith(under))


def _send_probes(refusal: BucketRefusal, reconciler: Reconciler) -> Counter[str]:
    """Send one image for each place that refuses and may be tried; forget images that wait no more.

    One that was not refused yet goes first, then the one that was refused longest ago: a single bad image holds up
    nobody.
    """
    rows = reconciler.images.get_many([each.image_id for each in refusal.refused])
    waiting = [each.image_id for each in refusal.refused if _waits(rows.get(each.image_id), refusal.reader)]
    if ended := [each.image_id for each in refusal.refused if each.image_id not in waiting]:
        reconciler.bucket_gate.forget(ended, refusal.reader)
    alone = [image_id for image_id in waiting if refusal.waits_for(image_id) == image_id]
    places = [*refusal.held(), *alone[:1]]
    sent = 0
    for place in places:
        if refusal.may_probe(place, reconciler.clock()):
            row = _probe_of(place, waiting, refusal, reconciler)
            sent += row is not None
            reconciler.send(next_steps(row)[:1] if row else [])
    return Counter(sent=sent)


def _probe_of(place: str, refused: list[str], refusal: BucketRefusal, reconciler: Reconciler) -> ImageRow | None:
    looked_at = islice(_waiting_under([place], reconciler), LOOKED_AT_FOR_A_PROBE)
    fresh = (image_id for image_id in looked_at if image_id not in refused)
    for image_id in chain(islice(fresh, BATCH), (each for each in refused if each.startswith(place))):
        row = reconciler.images.get(image_id)
        if row and _waits(row, refusal.reader) and not _waits_for_its_camera(row, reconciler):
            return row
    return None


def _waits(row: ImageRow | None, reader: Reader) -> bool:
    """Return whether the next steps of a row need this reader."""
    return row is not None and row.is_known and any(reader in READERS.get(step.task, ()) for step in next_steps(row))


def _waits_for_its_camera(row: ImageRow, reconciler: Reconciler) -> bool:
    """Return whether a row waits until its camera is resumed: its message would be left undone."""
    return is_unread(row) and reconciler.is_stopped(row.image_id, row.lane)


def _is_due(row: ImageRow, now: datetime) -> bool:
    """Ask the row itself: the index may be behind it."""
    return row.next_check_at is not None and row.next_check_at < now


def _is_understood(row: ImageRow) -> bool:
    """Return whether this version knows the row's values and the queues of its steps; log it if not.

    A newer version wrote such a row, and its own reconciler sends what is missing.
    """
    is_understood = row.is_known and _queues_of(next_steps(row)) <= set(QUEUE_NAMES)
    if not is_understood:
        log.warning("A row is left to a newer version", image_id=row.image_id, state=row.state, wanted=[*row.wanted])
    return is_understood


def _reconcile_rows(rows: list[ImageRow], reconciler: Reconciler) -> Counter[str]:
    done = Counter(looked_at=len(rows), failed=sum(row.failure is not None for row in rows))
    held, stuck, going = list[ImageRow](), list[ImageRow](), list[tuple[ImageRow, list[Step]]]()
    for row in rows:
        if _waits_for_its_camera(row, reconciler):
            held.append(row)
        elif row.failure and row.rounds + 1 >= MAX_ROUNDS:
            stuck.append(row)
        elif _waits_for_its_bucket(row, reconciler.bucket_gate):
            held.append(row)
        else:
            going.append((row, next_steps(row)))
    for row in stuck:
        _give_up(row, reconciler)
    now = reconciler.clock()
    waiting = reconciler.queues.read(_queues_of(step for _, steps in going for step in steps)).waiting
    missing = [[step for step in steps if not may_wait(step, row, waiting, now)] for row, steps in going]
    reconciler.send(step for steps in missing for step in steps)
    for (row, steps), sent in zip(going, missing, strict=True):
        _look_again_later(row, reconciler, is_sent=bool(sent), lag=_lag(steps, waiting, now))
    for row in held:
        later = reconciler.clock() + LONGEST_PAUSE_OF_THE_BLAMELESS
        reconciler.images.postpone(row, later, counts_round=False)
    done.update(sent=sum(map(len, missing)), waiting=sum(not sent for sent in missing), stuck=len(stuck))
    done.update({"held": len(held)} if held else {})
    return done


def _waits_for_its_bucket(row: ImageRow, bucket_gate: BucketGate) -> bool:
    """Return whether the row's steps would meet a bucket that refuses."""
    readers = {reader for step in next_steps(row) for reader in READERS.get(step.task, ())}
    return any(bucket_gate.is_held(row.image_id, reader) for reader in readers)


def _queues_of(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps for name in (step.queue_name, step.then.queue_name if step.then else None) if name}


def may_wait(step: Step, row: ImageRow, waiting: Mapping[str, Waiting], now: datetime) -> bool:
    """Return whether the message of this step may still stand in a queue.

    A queue is first in, first out: while the message that is next to go was sent before the row's own, the row's own
    waits behind it. When the second message of a chain was sent is not known: it is taken to wait while its queue is
    slow, but not for more than an hour.
    """
    since = row.sent_at or now
    head = waiting[step.queue_name]
    if head.sent_at:
        is_behind = head.sent_at <= since + SENT_A_LITTLE_LATER
    else:
        is_behind = head.messages > 0 and now - since < LONGEST_PAUSE
    return is_behind or (step.then is not None and _is_slow(waiting[step.then.queue_name], since, now))


def _is_slow(queue: Waiting, since: datetime, now: datetime) -> bool:
    return queue.sent_at is not None and queue.sent_at < now - CHECK_AFTER and now - since < LONGEST_PAUSE


def _lag(steps: list[Step], waiting: Mapping[str, Waiting], now: datetime) -> timedelta:
    """Return how long the slowest queue lets its messages wait."""
    heads = [waiting[step.queue_name].sent_at for step in steps]
    return max((now - head for head in heads if head), default=timedelta(0))


def _look_again_later(row: ImageRow, reconciler: Reconciler, *, is_sent: bool, lag: timedelta) -> None:
    pause = next_pause(row) if is_sent else min(max(CHECK_AFTER, lag / 2), LONGEST_PAUSE)
    until = reconciler.clock() + pause
    reconciler.images.postpone(row, until, counts_round=row.failure is not None, is_sent=is_sent)


def next_pause(row: ImageRow) -> timedelta:
    """Return twice the pause since the last sending, within its bounds."""
    before = row.next_check_at - row.sent_at if row.next_check_at and row.sent_at else timedelta(0)
    longest = LONGEST_PAUSE if row.failure or row.rounds else LONGEST_PAUSE_OF_THE_BLAMELESS
    return min(max(2 * before, CHECK_AFTER), longest)


def _give_up(row: ImageRow, reconciler: Reconciler) -> None:
    """Write the dead letter, then change the row: if this process dies between the two, both are done again."""
    failure = row.failure.message if row.failure else ""
    error = Exhausted(row.image_id, rule=f"{Exhausted.rule}; the last one: {failure}")
    step = next_steps(row)[0]
    write_dead_letter(
        error,
        step=step.task,
        message={"args": [*step.args]},
        image_id=row.image_id,
        operations=reconciler.operations,
        clock=reconciler.clock,
    )
    give_up(row, Rejection(type(error).__name__, str(error)), reconciler.images, reconciler.operations)


def reconciler_of(services: Services, send: Publish = publish_again) -> Reconciler:
    """Take from the services what a look needs."""
    return Reconciler(
        services.images,
        services.operations,
        services.queues,
        send,
        services.clock,
        services.rejection_breaker.is_stopped,
        services.bucket_gate,
    )


def run_reconcile(run: LeasedRun, services: Services, send: Publish = publish_again) -> dict[str, Json]:
    """Reconcile while the turn goes on; return the counts of this run, and of steps ever sent again."""
    before = services.operations.runs.last().get(NAME)
    done = reconcile(reconciler_of(services, send), run.goes_on)
    ever = before.outcome.get("sent_ever", 0) if before else 0
    return {**done, "sent_ever": (ever if isinstance(ever, int) else 0) + done["sent"]}
