"""The rejection circuit breakers: a camera stops before thousands of its images are rejected.

Something else is wrong then than the images: the camera, its producer, a wrong prefix. There is a breaker for each
camera and lane; images whose key names no camera are one group. Over all stands one for each lane, for a bucket that
holds nothing but rubbish.

What counts is how each of the last images ended last: an image that was rejected and then replaced counts as taken, and
a message that comes twice counts once. Each process gathers what it saw and adds it to the store: when an image was
rejected or replaced, or fifty have come together. So an image that is taken costs about a twelfth of a request.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from shlex import quote
from threading import Lock

import structlog

from sightline.errors import InvalidUri, SightlineError, UnreadableKey
from sightline.models.images import ImageRow, Lane, State
from sightline.queues.steps import lane_queue
from sightline.services.usage import Schedule, in_a_thread
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.operations import Operations
from sightline.storage.pauses import OUTCOMES_KEPT, Cause, Outcome, Stop

log = structlog.get_logger()

GATHER_SECONDS = 1.0
MANY = 50

MOST_GATHERED = 20_000
"""Of images that were taken and wait in a process; beyond that they are dropped, camera by camera."""

MOST_OF_A_CAMERA = 20
"""Of the last images over all. So one camera, or nine, cannot make a lane stop."""

SHARE_OVER_ALL = 0.9
"""More than this share must be rejected before a whole lane stops: good cameras must hardly be there any more."""

MENDED_AT = OUTCOMES_KEPT // 4
"""A stopped camera goes on by itself once no more of its last images are rejected: the others were replaced."""

STOPS_READ_EVERY = timedelta(seconds=5)

NO_CAMERA = ""
"""The group of all images whose key names no camera. No camera is called so."""

TAKEN = ""
"""The outcome of an image that was not rejected."""

CameraOf = Callable[[ObjectUri], str]


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """The images that stop and go on together: one camera's of one lane. camera: NO_CAMERA if the keys name none."""

    lane: Lane
    camera: str

    @property
    def outcomes_id(self) -> str:
        """Name its outcomes in the store; a lane's own are named by the lane alone."""
        return f"{self.lane}#{self.camera}"

    def __str__(self) -> str:
        return f"camera {self.camera}" if self.camera else "the group without a camera"


class RejectionBreaker:
    """How images ended in this process, on their way to the store of operations. Threads share one."""

    def __init__(
        self,
        operations: Operations,
        clock: Callable[[], datetime],
        camera_of: CameraOf,
        schedule: Schedule = in_a_thread,
    ) -> None:
        self._operations = operations
        self._clock = clock
        self.camera_of = camera_of
        self._schedule = schedule
        self._lanes: dict[Lane, list[Outcome]] = {}
        self._groups: dict[Group, list[Outcome]] = {}
        self._due: set[Group] = set()
        self._is_booked = False
        self._stopped: frozenset[Group] = frozenset()
        self._read_at: datetime | None = None
        self._lock = Lock()

    def group_of(self, image_id: str, lane: Lane) -> Group:
        """Return the group of an image."""
        try:
            return Group(lane, self.camera_of(ObjectUri.parse(image_id)))
        except (InvalidUri, UnreadableKey):
            return Group(lane, NO_CAMERA)

    def count(self, row: ImageRow, lane: Lane, *, is_replaced: bool = False) -> None:
        """Count how an image ended, by its row. is_replaced: it was rejected before. A caller never waits."""
        group = self.group_of(row.image_id, lane)
        error = row.rejection.error if row.rejection else TAKEN
        outcome = Outcome.of(row.image_id, group.camera, row.version, error)
        with self._lock:
            self._lanes.setdefault(lane, []).append(outcome)
            of_group = self._groups.setdefault(group, [])
            of_group.append(outcome)
            if is_replaced or error != TAKEN or len(of_group) >= MANY:
                self._due.add(group)
            is_due = bool(self._due) or len(self._lanes[lane]) >= MANY
            is_due, self._is_booked = is_due and not self._is_booked, self._is_booked or is_due
        if is_due:
            self._schedule(GATHER_SECONDS, self.look)

    def look(self) -> None:
        """Add what was gathered, and stop each camera and lane that must stop. What cannot be written is dropped."""
        with self._lock:
            self._is_booked = False
            lanes, self._lanes = self._lanes, {}
            groups = {group: self._groups.pop(group) for group in self._due}
            self._due = set()
            if sum(map(len, self._groups.values())) > MOST_GATHERED:
                self._groups.clear()
        for group, outcomes in sorted(groups.items()):
            self._or_log(partial(self._add_to_group, group, outcomes), group, outcomes)
        for lane, outcomes in sorted(lanes.items()):
            self._or_log(partial(self._add_to_lane, lane, outcomes), lane, outcomes)

    def is_stopped(self, image_id: str, lane: Lane, *, for_certain: bool = False) -> bool:
        """Return whether an image's camera is stopped, by what was read in the last seconds.

        for_certain: read it now if it seems to be. While the store is unavailable, what was read last stays in force.
        """
        group = self.group_of(image_id, lane)
        self._read_stops(STOPS_READ_EVERY)
        if for_certain and group in self._stopped:
            self._read_stops(timedelta(0))
        return group in self._stopped

    def _read_stops(self, age: timedelta) -> None:
        now = self._clock()
        with self._lock:
            if self._read_at is not None and now - self._read_at < age:
                return
            self._read_at = now  # before it is read, so that one thread reads and the others do not wait
        try:
            self._stopped = frozenset(stopped_groups(self._operations))
        except SightlineError as error:
            log.warning("Stopped cameras cannot be read", error=str(error))

    def _or_log(self, add: Callable[[], None], where: Group | Lane, outcomes: Sequence[Outcome]) -> None:
        try:
            add()
        except SightlineError as error:
            log.warning(
                "The rejection circuit breaker did not see some images",
                where=str(where),
                images=len(outcomes),
                error=str(error),
            )

    def _add_to_group(self, group: Group, outcomes: Sequence[Outcome]) -> None:
        last = self._operations.pauses.note_outcomes(group.outcomes_id, outcomes)
        reason = reason_to_stop(last)
        if group in self._stopped and is_mended(last):
            self._go_on(group)
        elif reason:
            remedy = f"Fix the cause; then run `{_resume_command(group)}`"
            said = (
                f"more than half of the last {OUTCOMES_KEPT} images of {group} were rejected, most of them for {reason}"
            )
            log.error("A camera is stopped", camera=group.camera, lane=group.lane, reason=said, remedy=remedy)
            queue = lane_queue("ingest", group.lane)
            stop = Stop(queue, Cause.CAMERA, f"{said}. {remedy}", self._clock(), camera=group.camera)
            self._operations.pauses.stop(stop)
            self._stopped |= {group}

    def _go_on(self, group: Group) -> None:
        """Close a breaker whose images were replaced by good ones. The reconciler sends what waits."""
        self._operations.pauses.resume(lane_queue("ingest", group.lane), Cause.CAMERA, group.camera)
        self._stopped -= {group}
        log.warning("A camera goes on: its rejected images were replaced", camera=group.camera, lane=group.lane)

    def _add_to_lane(self, lane: Lane, outcomes: Sequence[Outcome]) -> None:
        last = self._operations.pauses.note_outcomes(lane, outcomes, most_of_a_group=MOST_OF_A_CAMERA)
        reason = reason_to_stop_all(last)
        if reason:
            remedy = f"Fix the cause; then run `sightline resume {lane}`"
            said = (
                f"more than {SHARE_OVER_ALL:.0%} of the last {OUTCOMES_KEPT} images of the lane {lane}, over all "
                f"cameras, were rejected, most of them for {reason}"
            )
            log.error("A lane is stopped", lane=lane, reason=said, remedy=remedy)
            self._operations.pauses.stop(
                Stop(lane_queue("ingest", lane), Cause.BRAKE, f"{said}. {remedy}", self._clock())
            )


def reason_to_stop(outcomes: Sequence[Outcome]) -> str | None:
    """Name the most common error if more than half of OUTCOMES_KEPT images were rejected, for whatever reasons."""
    return _most_common_error(outcomes) if _rejected(outcomes) > OUTCOMES_KEPT // 2 else None


def is_mended(outcomes: Sequence[Outcome]) -> bool:
    """Return whether so few images are still rejected that a stopped camera may go on."""
    return _rejected(outcomes) <= MENDED_AT


def reason_to_stop_all(outcomes: Sequence[Outcome]) -> str | None:
    """Name the error that rejected most of OUTCOMES_KEPT images, if nearly all of them were rejected; else None."""
    return _most_common_error(outcomes) if _rejected(outcomes) > SHARE_OVER_ALL * OUTCOMES_KEPT else None


def _rejected(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.error != TAKEN for outcome in outcomes)


def _most_common_error(outcomes: Sequence[Outcome]) -> str:
    """Name the error of most that were rejected, of which there is at least one."""
    ((error, _),) = Counter(outcome.error for outcome in outcomes if outcome.error != TAKEN).most_common(1)
    return error


def is_unread(row: ImageRow) -> bool:
    """Return whether an image has never been read: only such images wait while their camera is stopped."""
    return row.state in {State.RECEIVED, State.IMPORTED} and row.content is None and row.rejection is None


def stopped_groups(operations: Operations) -> set[Group]:
    """Return the cameras that are stopped. What only a newer version knows is left to that one."""
    lanes = {lane_queue("ingest", lane): lane for lane in Lane}
    return {
        Group(lanes[each.queue], each.camera)
        for each in operations.pauses.stops()
        if each.cause is Cause.CAMERA and each.camera is not None and each.queue in lanes
    }


def _resume_command(group: Group) -> str:
    return f"sightline resume --camera {quote(group.camera)}" if group.camera else "sightline resume --no-camera"


def resume(lane: Lane, operations: Operations) -> bool:
    """Let a lane go on; return whether it was stopped. Its last images are forgotten, or it would stop at once."""
    operations.pauses.forget_outcomes(lane)
    return operations.pauses.resume(lane_queue("ingest", lane), Cause.BRAKE)


def close(group: Group, operations: Operations) -> bool:
    """Close a camera's breaker; return whether it was open. Its last images are forgotten, or it would open at once."""
    operations.pauses.forget_outcomes(group.outcomes_id)
    return operations.pauses.resume(lane_queue("ingest", group.lane), Cause.CAMERA, group.camera)
