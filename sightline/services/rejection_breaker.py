"""The rejection circuit breaker: a lane stops before thousands of its images are rejected for the same reason.

Something else is wrong then than the images: a producer, a camera, a wrong bucket. Each process gathers how its images
ended and adds that to the lane's last 200: when one was rejected, or fifty have come together. So an image that is
taken costs a twenty-fifth of a request.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock

import structlog

from sightline.errors import SightlineError
from sightline.models.images import Lane
from sightline.queues.steps import lane_queue
from sightline.services.usage import Schedule, in_a_thread
from sightline.storage.operations import Operations
from sightline.storage.pauses import OUTCOMES_KEPT, Cause, Stop

log = structlog.get_logger()

GATHER_SECONDS = 1.0
MANY = 50

TAKEN = ""
"""The outcome of an image that was not rejected."""


class RejectionBreaker:
    """How images ended in this process, on their way to the store of operations. Threads share one."""

    def __init__(self, operations: Operations, clock: Callable[[], datetime], schedule: Schedule = in_a_thread) -> None:
        self._operations = operations
        self._clock = clock
        self._schedule = schedule
        self._gathered: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self._is_booked = False
        self._lock = Lock()

    def count(self, lane: Lane, outcome: str) -> None:
        """Count one image: the name of the error that rejected it, or TAKEN. A caller never waits."""
        with self._lock:
            self._gathered[lane].append(outcome)
            is_due = not self._is_booked and (outcome != TAKEN or len(self._gathered[lane]) >= MANY)
            self._is_booked = self._is_booked or is_due
        if is_due:
            self._schedule(GATHER_SECONDS, self.look)

    def look(self) -> None:
        """Add what was gathered, and stop each lane that must stop. What cannot be written is dropped."""
        with self._lock:
            self._is_booked = False
            gathered, self._gathered = self._gathered, {lane: [] for lane in Lane}
        for lane, outcomes in gathered.items():
            try:
                self._add(lane, outcomes)
            except SightlineError as error:
                log.warning(
                    "The rejection circuit breaker did not see some images",
                    lane=lane,
                    images=len(outcomes),
                    error=str(error),
                )

    def _add(self, lane: Lane, outcomes: Sequence[str]) -> None:
        if not outcomes:
            return
        reason = reason_to_stop(self._operations.pauses.note_outcomes(lane, outcomes))
        if reason:
            remedy = f"Mend its producer; then `sightline resume {lane}`"
            said = f"more than half of the last {OUTCOMES_KEPT} images of the lane {lane} were rejected: {reason}"
            log.error("A lane is stopped", lane=lane, reason=said, remedy=remedy)
            self._operations.pauses.stop(
                Stop(lane_queue("ingest", lane), Cause.BRAKE, f"{said}. {remedy}", self._clock())
            )


def reason_to_stop(outcomes: Sequence[str]) -> str | None:
    """Name the error that rejected more than half of OUTCOMES_KEPT images; None if there is none."""
    rejected = Counter(outcome for outcome in outcomes if outcome != TAKEN)
    ((reason, count),) = rejected.most_common(1) or [("", 0)]
    return reason if count > OUTCOMES_KEPT // 2 else None


def resume(lane: Lane, operations: Operations) -> bool:
    """Let a lane go on; return whether it was stopped. Its last images are forgotten, or it would stop at once."""
    operations.pauses.forget_outcomes(lane)
    return operations.pauses.resume(lane_queue("ingest", lane), Cause.BRAKE)
