"""Quotas that really throttle: a token bucket for each operation, which holds one second of its rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dev.rekognition.refusals import Refusal


@dataclass(slots=True)
class _Bucket:
    rate: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        holds = max(self.rate, 1.0)
        self.tokens = min(self.tokens + (now - self.filled_at) * self.rate, holds)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Quotas:
    """The token buckets. `clock` returns monotonic seconds. An operation without a quota is not limited."""

    def __init__(self, rates: Mapping[str, float | None], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self.change(rates)

    def change(self, rates: Mapping[str, float | None]) -> None:
        """Set calls per second by operation; None lifts that quota. Operations that are not named keep theirs."""
        for operation, rate in rates.items():
            self._buckets.pop(operation, None)
            if rate is not None:
                self._buckets[operation] = _Bucket(rate, max(rate, 1.0), self._clock())

    def lift(self) -> None:
        """Lift every quota."""
        self._buckets.clear()

    @property
    def rates(self) -> dict[str, float]:
        """Return the quotas in force, calls per second by operation."""
        return {operation: bucket.rate for operation, bucket in sorted(self._buckets.items())}

    def admit(self, operation: str) -> None:
        """Take a token; raise AWS's Refusal if there is none."""
        bucket = self._buckets.get(operation)
        if bucket and not bucket.take(self._clock()):
            raise Refusal("ProvisionedThroughputExceededException")
