"""The limiter: it books the next slot and returns how long to wait for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sightline.models.budgets import Charge, Purse
from sightline.models.images import Lane
from sightline.models.rates import RateOverride


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer to a request for a slot.

    is_booked: the slot is ours, `wait_seconds` from now; otherwise it lay beyond the lane's horizon, nothing was
    booked, and one may ask again after `wait_seconds`
    """

    is_booked: bool
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast an operation may go now.

    quota: the limit in force (configured, or an operator's own), calls a second; rate: what is used of it now;
    reason: why they differ
    """

    operation: str
    quota: float
    rate: float
    reason: str
    changed_at: datetime | None = None


class Overrides(Protocol):
    """Where operators' quotas are kept for good: `sightline.storage.rate_overrides`."""

    def keep(self, scope: str, operation: str, per_second: float | None, reason: str, /) -> RateOverride:
        """Keep what an operator set."""

    def keep_unless_known(self, scope: str, operation: str, per_second: float, reason: str, /) -> None:
        """Keep what was found in Redis alone."""

    def read(self, scope: str, /) -> dict[str, RateOverride]:
        """Return what was last set for each operation."""


@dataclass(frozen=True, slots=True)
class Funds:
    """Money in millionths of a US dollar, and the ids of the blocks that it is of."""

    micro_usd: int = 0
    block_ids: tuple[str, ...] = ()


NOTHING = Funds()


class Money(Protocol):
    """Where money for calls is kept for good: `sightline.services.treasury`."""

    def take(self, charge: Charge, held: Funds, most_calls: int, lost: int) -> Funds:
        """Take a block for a holder whose funds do not pay for the charge; return what is taken.

        most_calls: that it pays for; lost: what the holder knows to be lost since it last told
        Raise BudgetSpent if a cap leaves too little, or Unavailable.
        """

    def give_back(self, purse: Purse, day: str, rest: Funds) -> None:
        """Return what a holder did not spend on a day that is over."""


class Limiter(Protocol):
    """Rates by operation (`DetectLabels`); features that share an operation share its rate."""

    def reserve(self, operation: str, lane: Lane, charge: Charge | None = None) -> Slot:
        """Book the next slot, unless it lies beyond the lane's horizon (live 2 s, backfill 0.2 s).

        charge: what the call costs; it is taken together with the slot. Raise BudgetSpent if a cap leaves too little.
        """

    def give_back(self, operation: str, charge: Charge) -> None:
        """Return the money of a call that was not billed."""

    def throttled(self, operation: str, *, ramped_too_fast: bool = False) -> None:
        """Record that a call was refused: the shared rate × 0.85 at most once in 1.5 s, or a slow start."""

    def override(self, operation: str, per_second: float | None, reason: str) -> None:
        """Set an operator's quota for all processes, live; None goes back to the configured one."""

    def rates(self) -> dict[str, Rate]:
        """Return every known operation's rate now."""

    def check(self) -> None:
        """Raise Unavailable or WrongPassword if Redis cannot be used."""
