"""Waiting for a rate slot: how long, and when a slot that has passed is booked again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event

from sightline.errors import SlotRefused
from sightline.models.budgets import Charge
from sightline.models.images import Lane
from sightline.ratelimit.gcra import HORIZON_SECONDS
from sightline.ratelimit.protocol import Limiter
from sightline.timing import SLOT_LATE, SLOT_PATIENCE, SLOT_REPLY_LIMIT


def no_charge() -> Charge | None:
    """Charge nothing: no cap limits the call."""
    return None


def wait_for_slot(
    operation: str,
    lane: Lane,
    limiter: Limiter,
    stopping: Event,
    clock: Callable[[], datetime],
    patience: timedelta = SLOT_PATIENCE,
    charge_of: Callable[[], Charge | None] = no_charge,
) -> Charge | None:
    """Sleep until a booked slot; raise SlotRefused after `patience`, or when the process is to stop.

    charge_of: returns what a call costs that is reserved now. Its money is taken with the slot, and is returned here;
    a slot that is left unused gives its money back. Raise BudgetSpent if there is no money.

    A process that stands still (frozen, or starved) wakes with slots that have passed. If all its threads used them,
    their calls would leave in the same second as those of slots that others booked meanwhile. So a slot that is more
    than SLOT_LATE ago is left unused, and another is booked.
    """
    until, horizon = clock() + patience, timedelta(seconds=HORIZON_SECONDS[lane])
    while (asked_at := clock()) + horizon <= until:  # what is booked can still be waited for
        charge = charge_of()
        slot = limiter.reserve(operation, lane, charge) if charge else limiter.reserve(operation, lane)
        paid = charge if slot.is_booked else None
        wait = timedelta(seconds=slot.wait_seconds)
        slot_at = min(clock(), asked_at + SLOT_REPLY_LIMIT) + wait
        with given_back_on_error(operation, paid, limiter):
            sleep_unless_stopping(stopping, min(wait, until - clock()).total_seconds())
        if slot.is_booked and clock() <= slot_at + SLOT_LATE:
            return paid
        give_back(operation, paid, limiter)
    raise SlotRefused(operation)


def give_back(operation: str, paid: Charge | None, limiter: Limiter) -> None:
    """Return the money of a call that was not made, or not billed."""
    if paid is not None:
        limiter.give_back(operation, paid)


@contextmanager
def given_back_on_error(operation: str, paid: Charge | None, limiter: Limiter) -> Iterator[None]:
    """Return the money of a call that is not made because of an error."""
    try:
        yield
    except BaseException:
        give_back(operation, paid, limiter)
        raise


def sleep_unless_stopping(stopping: Event, seconds: float) -> None:
    """Sleep; raise SlotRefused as soon as the process is to stop."""
    if stopping.wait(seconds):
        raise SlotRefused("this process", rule="a process that is to stop waits for nothing")
