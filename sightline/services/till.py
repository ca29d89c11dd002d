"""Pay for a call that belongs to no feature: a slot with its money, one attempt, and how it ended.

Whoever calls holds a claim, settles what comes of it, and then notes that AWS bills it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import TypeVar

import structlog

from sightline.errors import (
    BudgetSpent,
    InvalidParameter,
    RampedTooFast,
    RetryableError,
    SightlineError,
    Throttled,
    UnreadableAnswer,
)
from sightline.models.budgets import Charge, Purse
from sightline.models.images import Lane
from sightline.models.spending import Line, Reason
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.paid_calls import operation_of, price_of
from sightline.rekognition.prices import Prices
from sightline.services.detection import how_it_ended, may_be_billed
from sightline.services.slots import give_back, wait_for_slot
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.storage.operations import Operations
from sightline.timing import SLOT_PATIENCE_UNDER_CLAIM

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Till:
    """What paying needs. treasury: None if there is no budget."""

    operations: Operations
    limiter: Limiter
    calls: CallCounter
    prices: Prices
    treasury: Treasury | None
    stopping: Event
    clock: Callable[[], datetime]

    def ask(self, name: str, lane: Lane, call: Callable[[], T]) -> T:
        """Call once. name: what it is counted under, as in `BESIDE_FEATURES`.

        Raise SlotRefused, or BudgetSpent, before anything is sent, InvalidParameter if AWS refuses what was sent, which
        costs nothing, else what the call met: it is counted and, if it may be billed, booked.
        """
        operation = operation_of(name)

        def charge_of() -> Charge | None:
            return self.treasury.charge(name, lane) if self.treasury else None

        paid = wait_for_slot(
            operation, lane, self.limiter, self.stopping, self.clock, SLOT_PATIENCE_UNDER_CLAIM, charge_of
        )
        try:
            return call()
        except SightlineError as error:
            if not may_be_billed(error):
                give_back(operation, paid, self.limiter)
            self._note_failure(name, lane, error)
            raise

    def _note_failure(self, name: str, lane: Lane, error: SightlineError) -> None:
        is_unreadable = isinstance(error, UnreadableAnswer)
        ended = "rejected" if isinstance(error, InvalidParameter) else how_it_ended(error)
        self.calls.count(name, ended, self.price(name) if is_unreadable else 0)
        if may_be_billed(error):
            self._book(name, lane, Reason.BY_HAND if is_unreadable else Reason.UNKNOWN)
        if isinstance(error, Throttled):
            self.limiter.throttled(operation_of(name), ramped_too_fast=isinstance(error, RampedTooFast))

    def price(self, name: str) -> int:
        """Return what a call costs, in millionths of a US dollar."""
        return price_of(self.prices, name)

    def billed(self, name: str, lane: Lane, reason: Reason = Reason.BY_HAND) -> None:
        """Note a call that was answered and kept."""
        self.calls.count(name, "answered", self.price(name))
        self._book(name, lane, reason)

    def lost(self, name: str, lane: Lane) -> None:
        """Note a call whose process died under its claim: it may have been billed."""
        self.calls.count(name, "unknown")
        self._book(name, lane, Reason.UNKNOWN)

    def waits(self, name: str, lane: Lane) -> bool:
        """Return whether a call waits for money, by what is known of the account."""
        return self.treasury is not None and self.treasury.waits(name, lane)

    def why_no_money(self, name: str, lane: Lane) -> BudgetSpent | None:
        """Return which cap leaves no money for a call now, by the account, and when it goes on."""
        if self.treasury is None:
            return None
        self.treasury.look({name: {}})
        return self.treasury.why_waiting(Purse(name, lane))

    def _book(self, name: str, lane: Lane, reason: Reason) -> None:
        """Note a call that was, or may have been, billed. An answer in hand is not lost because this fails."""
        line = Line(self.clock().date().isoformat(), name, (operation_of(name),), lane, reason)
        try:
            self.operations.books.add({line: 1})
        except RetryableError as error:
            log.error("A call that AWS bills is missing in the books", name=name, error=str(error))  # noqa: TRY400
