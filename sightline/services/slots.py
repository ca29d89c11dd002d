"""Waiting for a rate slot: how long, and when a slot that has passed is booked again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

from sightline.errors import SlotRefused
from sightline.models.images import Lane
from sightline.ratelimit.gcra import HORIZON_SECONDS
from sightline.ratelimit.protocol import Limiter
from sightline.timing import SLOT_LATE, SLOT_PATIENCE, SLOT_REPLY_LIMIT


def wait_for_slot(
    operation: str,
    lane: Lane,
    limiter: Limiter,
    stopping: Event,
    clock: Callable[[], datetime],
    patience: timedelta = SLOT_PATIENCE,
) -> None:
    """Sleep until a booked slot; raise SlotRefused after `patience`, or when the process is to stop.

    A process that stands still (frozen, or starved) wakes with slots that have passed. If all its threads used them,
    their calls would leave in the same second as those of slots that others booked meanwhile. So a slot that is more
    than SLOT_LATE ago is left unused, and another is booked.
    """
    until, horizon = clock() + patience, timedelta(seconds=HORIZON_SECONDS[lane])
    while (asked_at := clock()) + horizon <= until:  # what is booked can still be waited for
        slot = limiter.reserve(operation, lane)
        wait = timedelta(seconds=slot.wait_seconds)
        slot_at = min(clock(), asked_at + SLOT_REPLY_LIMIT) + wait
        sleep_unless_stopping(stopping, min(wait, until - clock()).total_seconds())
        if slot.is_booked and clock() <= slot_at + SLOT_LATE:
            return
    raise SlotRefused(operation)


def sleep_unless_stopping(stopping: Event, seconds: float) -> None:
    """Sleep; raise SlotRefused as soon as the process is to stop."""
    if stopping.wait(seconds):
        raise SlotRefused("this process", rule="a process that is to stop waits for nothing")
