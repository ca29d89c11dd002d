"""The numbers of the limiter, and how its state is told. The Lua scripts get these constants; see scripts.py.

The account's quota is a token bucket that holds one second of calls. Ours holds one slot: calls stand evenly, 1/rate
apart, so that no second after an idle time holds more than any other, and the account's bucket stays full.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sightline.errors import ConfigurationError
from sightline.models.images import Lane
from sightline.ratelimit.protocol import Rate

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

    quota, rate: calls a second; the quota is the operator's own where he set one, and then `by_hand` is his reason
    mode: why the rate is below its full height (AFTER_CUT, AFTER_RAMP), empty where it is not
    changed_at: seconds since the epoch
    """

    quota: float
    rate: float
    mode: str
    changed_at: float | None
    by_hand: str | None

    def told(self, operation: str, share: float) -> Rate:
        """Say it in words."""
        reasons = [f"{share:.0%} of the quota" if not self.mode else _WHY[self.mode]]
        if self.by_hand is not None:
            reasons.insert(0, f"quota set by hand: {self.by_hand}")
        at = None if self.changed_at is None else datetime.fromtimestamp(self.changed_at, UTC)
        return Rate(operation, self.quota, self.rate, "; ".join(reasons), at)


def quota_of(quotas: Mapping[str, float], operation: str) -> float:
    """Look an operation's configured quota up, calls a second; raise ConfigurationError where there is none."""
    if operation not in quotas:
        raise ConfigurationError(
            operation,
            rule=f"an operation needs a quota; there is one for {', '.join(sorted(quotas)) or 'none'}",
            remedy="Give it one where the limiter is built",
        )
    return quotas[operation]


def require_rate(operation: str, per_second: float) -> float:
    """Let a rate pass that calls can go at, in calls a second; raise ConfigurationError for any other."""
    if not (math.isfinite(per_second) and per_second >= LEAST_RATE):
        raise ConfigurationError(
            f"{operation} at {per_second} calls a second",
            rule=f"a rate is a finite number of {LEAST_RATE} calls a second or more",
            remedy=f"Give a rate of {LEAST_RATE} or more; to stop a feature, stop its workers",
        )
    return per_second
