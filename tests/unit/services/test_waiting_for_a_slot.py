"""How long a step waits for a slot before it goes back to its queue."""

from datetime import timedelta
from typing import Any

import pytest

from sightline.errors import SlotRefused
from sightline.models.images import Lane
from sightline.ratelimit.fallback import InMemoryLimiter
from sightline.services.slots import wait_for_slot
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import PassingEvent
from sightline.timing import SLOT_PATIENCE


def waited_seconds(lane: Lane, per_second: float, *, calls_before: int) -> list[float]:
    """Wait for slots one by one, until one is refused; give how long each took."""
    clock = MovingClock()
    waited: list[Any] = []
    limiter = InMemoryLimiter(clock, {"DetectLabels": per_second})
    for _ in range(calls_before):
        limiter.reserve("DetectLabels", Lane.LIVE)
    for _ in range(20):
        begun = clock.now
        try:
            wait_for_slot("DetectLabels", lane, limiter, PassingEvent(clock), clock)
        except SlotRefused:
            return [*waited, (clock.now - begun).total_seconds()]
        waited.append((clock.now - begun).total_seconds())
    return waited


@pytest.mark.parametrize("lane", list(Lane))
def test_a_step_does_not_sleep_until_a_slot_that_is_further_away_than_its_patience(lane: Lane) -> None:
    assert waited_seconds(lane, 0.01, calls_before=1) == [SLOT_PATIENCE.total_seconds()]


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("per_second", [0.016, 0.0165, 0.017, 0.0172, 0.0175])
def test_a_step_never_sleeps_longer_than_its_patience(lane: Lane, per_second: float) -> None:
    longest = max(waited_seconds(lane, per_second, calls_before=1))
    assert timedelta(seconds=longest) <= SLOT_PATIENCE


def test_a_slot_within_its_patience_is_waited_for() -> None:
    assert waited_seconds(Lane.LIVE, 0.02, calls_before=1)[0] == pytest.approx(1 / 0.0194, abs=1e-3)
