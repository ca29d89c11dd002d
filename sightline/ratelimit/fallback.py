"""The limiter of one process: for tests, and for what a process does while Redis is away.

While Redis is away, each process uses its own share of the quota, and the total never goes above the quota on the way
out or back. Slots booked before the outage lie at most the longest horizon ahead, so a process books nothing on its
own before that. On its own it books at most half a second ahead and tries Redis twice a second, so that every process
is back within the room that gcra.lua leaves for the first one that returns.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog

from sightline.models.budgets import Charge
from sightline.models.images import Lane
from sightline.ratelimit.gcra import HORIZON_SECONDS, MAX_HORIZON_SECONDS, SHARE, Gcra, quota_of, require_rate
from sightline.ratelimit.protocol import Funds, Money, Rate, Slot
from sightline.ratelimit.purses import OwnPurses


class InMemoryLimiter:
    """Rates for the threads of one process. `quotas`: operation → calls a second; `clock` must not go back.

    money: where it is taken from; None if nothing is ever charged
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        quotas: Mapping[str, float],
        *,
        share: float = SHARE,
        money: Money | None = None,
    ) -> None:
        self.purses = OwnPurses(money)
        self._clock = clock
        self._share = share
        self._quotas = {operation: require_rate(operation, quota) for operation, quota in quotas.items()}
        self._states = {operation: Gcra(quota, share) for operation, quota in self._quotas.items()}
        self._lock = Lock()

    def reserve(self, operation: str, lane: Lane, charge: Charge | None = None) -> Slot:
        """Book the next slot within the lane's horizon."""
        if charge is None:
            return self.reserve_within(operation, HORIZON_SECONDS[lane])
        self.purses.pay(charge)
        slot = self.reserve_within(operation, HORIZON_SECONDS[lane])
        if not slot.is_booked:
            self.give_back(operation, charge)
        return slot

    def give_back(self, operation: str, charge: Charge) -> None:  # noqa: ARG002 - the interface
        """Return the money of a call that was not billed."""
        self.purses.put(charge.purse, charge.day, Funds(charge.micro_usd))

    def reserve_within(self, operation: str, horizon_seconds: float) -> Slot:
        """Book the next slot within a horizon of the caller's own."""
        quota_of(self._quotas, operation)
        with self._lock:
            return self._states[operation].reserve(self._now(), horizon_seconds)

    def hold(self, operation: str, seconds: float) -> None:
        """Book nothing before `seconds` from now."""
        with self._lock:
            self._states[operation].hold(self._now(), seconds)

    def throttled(self, operation: str, *, ramped_too_fast: bool = False) -> None:
        """Record that a call was refused."""
        quota_of(self._quotas, operation)
        with self._lock:
            self._states[operation].throttled(self._now(), ramped_too_fast=ramped_too_fast)

    def override(self, operation: str, per_second: float | None, reason: str) -> None:
        """Set an operator's quota; None goes back to the configured one."""
        quota_of(self._quotas, operation)
        if per_second is not None:
            require_rate(operation, per_second)
        self.go_at(operation, per_second, reason)

    def go_at(self, operation: str, per_second: float | None, reason: str) -> None:
        """Take a quota as it is: one process's share may be smaller than the least that anybody may set."""
        with self._lock:
            self._states[operation].override(self._now(), per_second, reason)

    def rates(self) -> dict[str, Rate]:
        """Return every operation's rate now."""
        with self._lock:
            now = self._now()
            return {name: state.read(now).told(name, self._share) for name, state in self._states.items()}

    def check(self) -> None:
        """Memory is always there."""

    def _now(self) -> float:
        return self._clock().timestamp()


TRY_AGAIN_SECONDS = 0.5
LONGEST_BOOKING_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Outage:
    """Whether Redis is away, and the local limiter meanwhile.

    assumed_processes: by how many a quota is divided where this process has never seen Redis
    seconds: a clock that does not go back
    """

    def __init__(
        self,
        quotas: Mapping[str, float],
        share: float,
        assumed_processes: int,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._local = InMemoryLimiter(_steady_clock(seconds), quotas, share=share)
        self._quotas = quotas
        self._share = share
        self._assumed_processes = assumed_processes
        self._seen: dict[str, tuple[int, float]] = {}
        self._booked_locally: set[str] = set()
        self._is_away = False
        self._try_at = 0.0
        self._lock = Lock()

    def should_ask_redis(self) -> bool:
        """Return whether to try Redis: always while it answers, else one thread at a time, twice a second."""
        with self._lock:
            is_due = not self._is_away or self._seconds() >= self._try_at
            if self._is_away and is_due:
                self._try_at = self._seconds() + TRY_AGAIN_SECONDS
            return is_due

    @property
    def is_away(self) -> bool:
        """Return whether Redis did not answer when it was last asked."""
        return self._is_away

    def has_booked(self, operation: str) -> bool:
        """Return whether slots of this operation were booked here that Redis does not know of."""
        with self._lock:
            return operation in self._booked_locally

    def has_seen(self, operation: str) -> bool:
        """Return whether the quota in force is known, or was asked for."""
        with self._lock:
            return operation in self._seen

    def expect(self, operation: str, quota: float) -> None:
        """Record the quota in force of an operation that this process has not seen in Redis."""
        with self._lock:
            self._seen.setdefault(operation, (self._assumed_processes, quota))

    def begin(self, error: Exception) -> None:
        """Record that Redis did not answer."""
        with self._lock:
            self._try_at = self._seconds() + TRY_AGAIN_SECONDS
            was_away, self._is_away = self._is_away, True
        if not was_away:
            _log.warning("limiter goes on without redis", error=str(error))

    def end(self, operation: str, processes: int, quota: float) -> None:
        """Record that Redis answered: so many processes use the operation, and its quota in force is this."""
        with self._lock:
            self._seen[operation] = (processes, quota)
            self._booked_locally.discard(operation)
            was_away, self._is_away = self._is_away, False
        if was_away:
            _log.info("limiter is back with redis", operation=operation, processes=processes)

    def reserve(self, operation: str, lane: Lane) -> Slot:
        """Book a slot of this process's own share."""
        with self._lock:
            if operation not in self._booked_locally:
                self._take_share(operation)
        return self._local.reserve_within(operation, min(HORIZON_SECONDS[lane], LONGEST_BOOKING_SECONDS))

    def throttled(self, operation: str, *, ramped_too_fast: bool) -> None:
        """Lower this process's own rate."""
        self._local.throttled(operation, ramped_too_fast=ramped_too_fast)

    def rates(self) -> dict[str, Rate]:
        """Return this process's own rates."""
        with self._lock:
            begun = set(self._booked_locally)
        return {name: rate if name in begun else self._expected(name) for name, rate in self._local.rates().items()}

    def _take_share(self, operation: str) -> None:
        per_second, reason = self._share_of(operation)
        self._local.go_at(operation, per_second, reason)
        self._local.hold(operation, MAX_HORIZON_SECONDS)
        self._booked_locally.add(operation)

    def _expected(self, operation: str) -> Rate:
        per_second, reason = self._share_of(operation)
        return Rate(operation, per_second, per_second * self._share, reason)

    def _share_of(self, operation: str) -> tuple[float, str]:
        processes, quota = self._seen.get(operation, (self._assumed_processes, self._quotas[operation]))
        return quota / processes, f"Redis is away: {quota:g}/s ÷ {processes} processes last seen"


def _steady_clock(seconds: Callable[[], float]) -> Callable[[], datetime]:
    """Make a clock that shows the time of day, and does not jump when that is corrected."""
    begun_at, begun = datetime.now(UTC), seconds()
    return lambda: begun_at + timedelta(seconds=seconds() - begun)
