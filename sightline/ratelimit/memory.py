"""The limiter in memory: for tests, and for a process whose Redis is away."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock

from sightline.models.images import Lane
from sightline.ratelimit.gcra import Gcra
from sightline.ratelimit.pace import HORIZON_SECONDS, SHARE, quota_of, require_rate
from sightline.ratelimit.protocol import Rate, Slot


class InMemoryLimiter:
    """Rates for the threads of one process. `quotas`: operation → calls a second; `clock` must not go back."""

    def __init__(self, clock: Callable[[], datetime], quotas: Mapping[str, float], *, share: float = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._quotas = {operation: require_rate(operation, quota) for operation, quota in quotas.items()}
        self._states = {operation: Gcra(quota, share) for operation, quota in self._quotas.items()}
        self._lock = Lock()

    def reserve(self, operation: str, lane: Lane) -> Slot:
        """Book the next slot within the lane's horizon."""
        return self.reserve_within(operation, HORIZON_SECONDS[lane])

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
        """Learn that a call was refused."""
        quota_of(self._quotas, operation)
        with self._lock:
            self._states[operation].throttled(self._now(), ramped_too_fast=ramped_too_fast)

    def override(self, operation: str, per_second: float | None, reason: str) -> None:
        """Set an operator's own quota; None goes back to the configured one."""
        quota_of(self._quotas, operation)
        if per_second is not None:
            require_rate(operation, per_second)
        self.go_at(operation, per_second, reason)

    def go_at(self, operation: str, per_second: float | None, reason: str) -> None:
        """Take a quota as it is: one process's share may be smaller than the least that anybody may set."""
        with self._lock:
            self._states[operation].override(self._now(), per_second, reason)

    def rates(self) -> dict[str, Rate]:
        """Give every operation's rate now."""
        with self._lock:
            now = self._now()
            return {name: state.read(now).told(name, self._share) for name, state in self._states.items()}

    def check(self) -> None:
        """Memory is always there."""

    def _now(self) -> float:
        return self._clock().timestamp()
