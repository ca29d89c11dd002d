"""One operation's rate as a state machine in Python: what the Lua scripts do, for one process alone.

It is the in-memory twin, and what each process falls back to while Redis is away.
"""

from sightline.ratelimit import pace
from sightline.ratelimit.pace import AFTER_CUT, AFTER_RAMP, Reading
from sightline.ratelimit.protocol import Slot


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
        """Book the next slot, or say when to ask again.

        Who is refused asks again after half a horizon: enough slots are booked until then to keep the rate up, and a
        crowd does not ask for each slot in turn.
        """
        interval = 1 / self._rate_at(now)
        # No honest booking reaches further: a rate that was very low must not stop the calls for long. It is kept, also
        # where this ask is refused: a bound taken anew each time would move on with the clock.
        self._next_slot = min(self._next_slot, now + pace.MAX_HORIZON_SECONDS + interval)
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
        lowered = pace.SLOW_START * self._full if ramped_too_fast else pace.CUT * self._rate_at(now)
        self._rate = min(lowered, self._rate_at(now))
        self._mode = AFTER_RAMP if ramped_too_fast else AFTER_CUT
        self._changed_at = now
        self._settled_at = max(now + pace.CUT_EVERY_SECONDS, self._next_slot)

    def override(self, now: float, per_second: float | None, reason: str) -> None:
        """Begin afresh at an operator's quota, or at the configured one."""
        self._quota = self._configured if per_second is None else per_second
        self._by_hand = None if per_second is None else reason
        self._changed_at = now
        self._settled_at = 0.0
        self._mode = ""

    def read(self, now: float) -> Reading:
        """Give the state in figures."""
        rate = self._rate_at(now)
        return Reading(self._quota, rate, self._mode if rate < self._full else "", self._changed_at, self._by_hand)

    @property
    def _full(self) -> float:
        return self._quota * self._share

    def _rate_at(self, now: float) -> float:
        since = 0.0 if self._changed_at is None else max(0.0, now - self._changed_at)
        if self._mode == AFTER_CUT:
            return min(self._full, self._rate + pace.RISE_EACH_SECOND * self._full * since)
        if self._mode == AFTER_RAMP:
            # The exponent is bounded so that a week without calls does not overflow a float.
            return min(self._full, self._rate * 2 ** min(since / pace.DOUBLING_SECONDS, 64))
        return self._full
