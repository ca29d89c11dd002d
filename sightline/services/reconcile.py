"""Reconcile: look at what is unfinished, and send again the steps that its row says are missing.

The queue is a hint. A step is sent again where its message can no longer be waiting; a row is then left alone for
twice as long as before. Only failures for an image's own reason count against it (`services/failures.py` notes them):
a message that waits, a lane that is stopped, a throttle or a server that is away never do. Images of a bucket that
refuses are not sent, but one a minute; when it is read again, all are sent, however long they were to wait.

A turn goes once round all that is due, and ends when its time is up or when it has sent `MOST_SENT` messages. The next
one goes on from there, so a million rows take as many turns as they need.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
from sightline.services.treasury import Treasury
from sightline.services.unfinished_walk import once_round, pieces, resume, to_the_end
from sightline.storage.images.protocol import ImageStore, Postponement
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

MOST_SENT = 50_000
"""No further rows are looked at in a turn after so many messages: they take about 100 MB of Redis."""

LOOKED_AT_TOGETHER = 2_000
"""Entries of a piece of the walk for released places, of whose rows only those of the places are read."""

LOOKED_AT_FOR_A_PROBE = 5_000
"""So many entries of the unfinished are looked at, each minute, to find images to try for the buckets that refuse."""

READERS = {INGEST: (Reader.S3,), DETECT: (Reader.S3, Reader.REKOGNITION)}
"""Who must be able to read the object for a step."""

SENT_A_LITTLE_LATER = timedelta(seconds=10)
"""How much later than its row a message may be sent: rows of a batch are written first."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What one look needs; the same for every row.

    is_stopped: whether an image's camera is stopped; treasury: None if there is no budget
    """

    images: ImageStore
    operations: Operations
    queues: RedisQueues
    send: Publish
    clock: Callable[[], datetime]
    is_stopped: Callable[[str, Lane], bool]
    bucket_gate: BucketGate
    treasury: Treasury | None


@dataclass(slots=True)
class Turn:
    """What one turn has done so far, and whether it may begin another piece of work."""

    has_time: Callable[[], bool]
    most_sent: int
    done: Counter[str] = field(default_factory=lambda: Counter(looked_at=0, sent=0, waiting=0, failed=0, stuck=0))

    def goes_on(self) -> bool:
        """Return whether there is time, and another message may be sent."""
        return self.done["sent"] < self.most_sent and self.has_time()

    def goes_on_with_released(self) -> bool:
        """Return whether more images of released places may be sent: at most half, so that others have their turn."""
        return self.done["sent"] < self.most_sent / 2 and self.has_time()


def reconcile(reconciler: Reconciler, goes_on: Callable[[], bool], most_sent: int = MOST_SENT) -> Counter[str]:
    """Look at the rows that are due, in pieces, from where the last turn was cut; count what was found and done."""
    turn = Turn(goes_on, most_sent)
    for refusal in reconciler.bucket_gate.known():
        if refusal.released:
            _send_released(refusal, reconciler, turn)
        if refusal.refused and goes_on():
            turn.done.update(_send_probes(refusal, reconciler))
    now = reconciler.clock()
    walk = resume(NAME, reconciler.operations.checkpoints, now)
    due = once_round(walk, reconciler.images, now)
    for piece in pieces(walk, due, reconciler.operations.checkpoints, turn.goes_on, BATCH):
        rows = [row for row in reconciler.images.get_many(piece).values() if _is_due(row, reconciler.clock())]
        turn.done.update(_reconcile_understood(rows, reconciler))
    return turn.done


def _reconcile_understood(rows: list[ImageRow], reconciler: Reconciler, *, only_sends: bool = False) -> Counter[str]:
    understood = [row for row in rows if _is_understood(row)]
    done = _reconcile_rows(understood, reconciler, only_sends=only_sends)
    done.update({"unknown": len(rows) - len(understood)} if len(rows) > len(understood) else {})
    return done


def _send_released(refusal: BucketRefusal, reconciler: Reconciler, turn: Turn) -> None:
    """Send the images of places that are read again, although they were to be looked at later.

    The walk meets rows again that it has sent, since they are then to be looked at later; and it must not move others,
    which it would meet again and again.
    """
    checkpoints, name = reconciler.operations.checkpoints, f"{NAME}: {refusal.bucket} by {refusal.reader} released"
    walk = resume(name, checkpoints, reconciler.clock(), refusal.released)
    entries = to_the_end(walk, reconciler.images, walk.began_at + LONGEST_PAUSE)
    for piece in pieces(walk, entries, checkpoints, turn.goes_on_with_released, LOOKED_AT_TOGETHER):
        ids = [image_id for image_id in piece if image_id.startswith(refusal.released)]
        found = (row for row in reconciler.images.get_many(ids).values() if row.next_check_at)
        unsent = [row for row in found if row.sent_at is None or row.sent_at < walk.began_at]
        turn.done.update(_reconcile_understood(unsent, reconciler, only_sends=True))
    if next(entries, None) is None:
        reconciler.bucket_gate.sent(refusal)


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
    entries = reconciler.images.unfinished(reconciler.clock() + LONGEST_PAUSE)
    looked_at = (each.image_id for each in islice(entries, LOOKED_AT_FOR_A_PROBE))
    fresh = (image_id for image_id in looked_at if image_id.startswith(place) and image_id not in refused)
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


def _reconcile_rows(rows: list[ImageRow], reconciler: Reconciler, *, only_sends: bool) -> Counter[str]:
    """Send what is missing, then say when each row is looked at again; only_sends: leave the others as they are."""
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
            wanted = next_steps(row)
            steps = [step for step in wanted if not _waits_for_money(step, reconciler.treasury)]
            if wanted and not steps:
                held.append(row)
            else:
                going.append((row, steps))
    for row in stuck:
        _give_up(row, reconciler)
    now = reconciler.clock()
    waiting = reconciler.queues.read(_queues_of(step for _, steps in going for step in steps)).waiting
    missing = [[step for step in steps if not may_wait(step, row, waiting, now)] for row, steps in going]
    reconciler.send(step for steps in missing for step in steps)
    later = [
        _look_again_later(row, now, is_sent=bool(sent), lag=_lag(steps, waiting, now))
        for (row, steps), sent in zip(going, missing, strict=True)
        if sent or not only_sends
    ]
    if not only_sends:
        later += [Postponement(row, now + LONGEST_PAUSE_OF_THE_BLAMELESS) for row in held]
    done.update(_postpone(later, reconciler.images))
    done.update(sent=sum(map(len, missing)), waiting=sum(not sent for sent in missing), stuck=len(stuck))
    done.update({"held": len(held)} if held else {})
    return done


def _postpone(later: list[Postponement], images: ImageStore) -> Counter[str]:
    """Postpone rows together. What cannot be stays due, and is looked at again in the next round.

    Raises the error if none can be: it is then the store's.
    """
    errors = images.postpone_many(later)
    if errors and len(errors) == len(later):
        raise next(iter(errors.values()))
    for image_id, error in errors.items():
        log.warning("A row could not be postponed", image_id=image_id, error=str(error))
    return Counter({"not_postponed": len(errors)} if errors else {})


def _waits_for_its_bucket(row: ImageRow, bucket_gate: BucketGate) -> bool:
    """Return whether the row's steps would meet a bucket that refuses."""
    readers = {reader for step in next_steps(row) for reader in READERS.get(step.task, ())}
    return any(bucket_gate.is_held(row.image_id, reader) for reader in readers)


def _waits_for_money(step: Step, treasury: Treasury | None) -> bool:
    """Return whether a step would meet an empty budget. It is sent when there is money."""
    return step.task == DETECT and treasury is not None and treasury.waits(step.queue, step.lane)


def _queues_of(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps for name in (*step.waits_in, *(step.then.waits_in if step.then else ()))}


def may_wait(step: Step, row: ImageRow, waiting: Mapping[str, Waiting], now: datetime) -> bool:
    """Return whether the message of this step may still stand in a queue.

    A queue is first in, first out: while the message that is next to go was sent before the row's own, the row's own
    waits behind it. When the second message of a chain was sent is not known: it is taken to wait while its queue is
    slow, but not for more than an hour. A step that is behind another queue waits for that one too.
    """
    since = row.sent_at or now
    is_behind = any(_is_behind(waiting[name], since, now) for name in step.waits_in)
    return is_behind or (step.then is not None and _is_slow(waiting[step.then.queue_name], since, now))


def _is_behind(head: Waiting, since: datetime, now: datetime) -> bool:
    if head.sent_at:
        return head.sent_at <= since + SENT_A_LITTLE_LATER
    return head.messages > 0 and now - since < LONGEST_PAUSE


def _is_slow(queue: Waiting, since: datetime, now: datetime) -> bool:
    return queue.sent_at is not None and queue.sent_at < now - CHECK_AFTER and now - since < LONGEST_PAUSE


def _lag(steps: list[Step], waiting: Mapping[str, Waiting], now: datetime) -> timedelta:
    """Return how long the slowest queue lets its messages wait."""
    heads = [waiting[name].sent_at for step in steps for name in step.waits_in]
    return max((now - head for head in heads if head), default=timedelta(0))


def _look_again_later(row: ImageRow, now: datetime, *, is_sent: bool, lag: timedelta) -> Postponement:
    pause = next_pause(row) if is_sent else min(max(CHECK_AFTER, lag / 2), LONGEST_PAUSE)
    return Postponement(row, now + pause, counts_round=row.failure is not None, is_sent=is_sent)


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
        services.treasury,
    )


def run_reconcile(run: LeasedRun, services: Services, send: Publish = publish_again) -> dict[str, Json]:
    """Reconcile while the turn goes on; return the counts of this run, and of steps ever sent again."""
    before = services.operations.runs.last().get(NAME)
    if services.treasury:
        services.treasury.look(services.paid_for)
        services.treasury.tell_alarms()
    done = reconcile(reconciler_of(services, send), run.goes_on)
    send(services.comparing.due())
    ever = before.outcome.get("sent_ever", 0) if before else 0
    return {**done, "sent_ever": (ever if isinstance(ever, int) else 0) + done["sent"]}
