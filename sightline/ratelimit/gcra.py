"""The rate of one operation as a state machine (GCRA), and the numbers that it goes by.

The Lua scripts do the same in Redis, with these constants; `fallback` runs this code in one process.

The account's quota is a token bucket that holds one second of calls. Ours holds one slot: calls are spaced evenly,
1/rate apart, so a second after an idle time holds no more calls than any other, and the account's bucket stays full.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sightline.errors import ConfigurationError
from sightline.models.images import Lane
from sightline.ratelimit.protocol import Rate, Slot

HORIZON_SECONDS: Mapping[Lane, float] = MappingProxyType({Lane.LIVE: 2.0, Lane.BACKFILL: 0.2})
MAX_HORIZON_SECONDS = max(HORIZON_SECONDS.values())
SHARE = 0.97
LEAST_RATE = 0.01
"""Calls a second: one call in a hundred seconds. Below that an operation is as good as stopped."""

CUT = 0.85
CUT_EVERY_SECONDS = 1.5
RISE_EACH_SECOND = 0.01
SLOW_START = 0.1
DOUBLING_SECONDS = 5.0

PROCESS_SEEN_SECONDS = 60
HANDOVER_EVERY_SECONDS = 30
COMPARE_EVERY_SECONDS = 60
"""Redis may go back to an older state of its own: how long an override that it forgot can stay forgotten."""

FETCHING_SECONDS = 2
"""For how long one process alone takes the next block of money for a purse. If it dies, another one does."""

ASK_FOR_MONEY_SECONDS = 0.02
"""When others ask again meanwhile."""

AFTER_CUT = "cut"
AFTER_RAMP = "slow start"
_WHY = MappingProxyType(
    {
        "": "",
        AFTER_CUT: "throttled, so lowered; rises by 1 % of the quota a second",
        AFTER_RAMP: "ramped too fast, so begun again from low; doubles every 5 s",
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one operation's state says now.

    quota, rate: calls a second; the quota is the operator's own if one is set, and then `by_hand` is the reason
    mode: why the rate is below its full height (AFTER_CUT, AFTER_RAMP), empty if it is not
    changed_at: seconds since the epoch
    """

    quota: float
    rate: float
    mode: str
    changed_at: float | None
    by_hand: str | None

    def told(self, operation: str, share: float) -> Rate:
        """Describe it for people."""
        reasons = [f"{share:.0%} of the quota" if not self.mode else _WHY[self.mode]]
        if self.by_hand is not None:
            reasons.insert(0, f"quota set by hand: {self.by_hand}")
        at = None if self.changed_at is None else datetime.fromtimestamp(self.changed_at, UTC)
        return Rate(operation, self.quota, self.rate, "; ".join(reasons), at)


def quota_of(quotas: Mapping[str, float], operation: str) -> float:
    """Return an operation's configured quota, calls a second; raise ConfigurationError if there is none."""
    if operation not in quotas:
        raise ConfigurationError(
            operation,
            rule=f"an operation needs a quota; there is one for {', '.join(sorted(quotas)) or 'none'}",
            remedy="Give it one where the limiter is built",
        )
    return quotas[operation]


def require_rate(operation: str, per_second: float) -> float:
    """Return the rate, in calls a second, if calls can run at it; raise ConfigurationError otherwise."""
    if not (math.isfinite(per_second) and per_second >= LEAST_RATE):
        raise ConfigurationError(
            f"{operation} at {per_second} calls a second",
            rule=f"a rate is a finite number of {LEAST_RATE} calls a second or more",
            remedy=f"Give a rate of {LEAST_RATE} or more; to stop a feature, stop its workers",
        )
    return per_second


class Gcra:
    """Slots 1/rate apart, and the rate's rise and fall. `now` is in seconds, by a clock that does not go back."""

    def __init__(self, quota: float, share: float) -> None:
        self._configured = quota
        self._quota = quota
        self._share = share
        self._by_hand: str | None = None
        self._changed_at: float | None = None
        self._rate = 0.0
        self._mode = ""
        self._settled_at = 0.0
        self._next_slot = 0.0

    def reserve(self, now: float, horizon_seconds: float) -> Slot:
        """Book the next slot, or return when to ask again.

        A refused caller asks again after half a horizon: enough slots are booked until then to keep the rate up, and a
        crowd does not ask for each slot in turn.
        """
        interval = 1 / self._rate_at(now)
        # No honest booking reaches further: a rate that was very low must not stop the calls for long. It is kept, even
        # if this request is refused: a bound recomputed each time would move with the clock.
        self._next_slot = min(self._next_slot, now + MAX_HORIZON_SECONDS + interval)
        slot = max(now, self._next_slot)
        wait = slot - now
        if wait > horizon_seconds:
            return Slot(is_booked=False, wait_seconds=max(wait - horizon_seconds, horizon_seconds / 2))
        self._next_slot = slot + interval
        return Slot(is_booked=True, wait_seconds=wait)

    def hold(self, now: float, seconds: float) -> None:
        """Book nothing before `seconds` from now."""
        self._next_slot = max(self._next_slot, now + seconds)

    def throttled(self, now: float, *, ramped_too_fast: bool) -> None:
        """Lower the rate, unless the calls that were booked before the last cut are still going out."""
        if now < self._settled_at:
            return
        lowered = SLOW_START * self._full if ramped_too_fast else CUT * self._rate_at(now)
        self._rate = min(lowered, self._rate_at(now))
        self._mode = AFTER_RAMP if ramped_too_fast else AFTER_CUT
        self._changed_at = now
        self._settled_at = max(now + CUT_EVERY_SECONDS, self._next_slot)

    def override(self, now: float, per_second: float | None, reason: str) -> None:
        """Restart at an operator's quota, or at the configured one."""
        self._quota = self._configured if per_second is None else per_second
        self._by_hand = None if per_second is None else reason
        self._changed_at = now
        self._settled_at = 0.0
        self._mode = ""

    def read(self, now: float) -> Reading:
        """Return the state in figures."""
        rate = self._rate_at(now)
        return Reading(self._quota, rate, self._mode if rate < self._full else "", self._changed_at, self._by_hand)

    @property
    def _full(self) -> float:
        return self._quota * self._share

    def _rate_at(self, now: float) -> float:
        since = 0.0 if self._changed_at is None else max(0.0, now - self._changed_at)
        if self._mode == AFTER_CUT:
            return min(self._full, self._rate + RISE_EACH_SECOND * self._full * since)
        if self._mode == AFTER_RAMP:
            # The exponent is bounded so that a week without calls does not overflow a float.
            return min(self._full, self._rate * 2 ** min(since / DOUBLING_SECONDS, 64))
        return self._full
