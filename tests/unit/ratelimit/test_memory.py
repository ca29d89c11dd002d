"""What needs a clock that moves: rise, fall, and what any second may hold."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.models.images import Lane
from sightline.ratelimit.fallback import InMemoryLimiter

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class MovingClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)


def make(quota: float = 50.0) -> tuple[InMemoryLimiter, MovingClock]:
    clock = MovingClock()
    return InMemoryLimiter(clock, {"DetectLabels": quota}), clock


def rate(limiter: InMemoryLimiter) -> float:
    return limiter.rates()["DetectLabels"].rate


steps = st.lists(
    st.tuples(
        st.sampled_from(["live", "backfill", "throttled", "ramped"]),
        st.floats(0, 3) | st.just(0.0),
    ),
    max_size=400,
)


@given(st.sampled_from([1.0, 5.0, 7.5, 50.0]), steps)
def test_no_second_holds_more_slots_than_the_quota(quota: float, asked: list[tuple[str, float]]) -> None:
    limiter, clock = make(quota)
    booked: list[float] = []
    for what, pause in asked:
        clock.seconds += pause if pause > 0.5 else 0.0
        if what in {"throttled", "ramped"}:
            limiter.throttled("DetectLabels", ramped_too_fast=what == "ramped")
            continue
        slot = limiter.reserve("DetectLabels", Lane(what))
        if slot.is_booked:
            booked.append(clock.seconds + slot.wait_seconds)

    fullest = max((sum(begin <= each < begin + 1 for each in booked) for begin in booked), default=0)
    assert fullest <= math.ceil(quota)


@given(st.lists(st.sampled_from(list(Lane)), min_size=1, max_size=200))
def test_no_slot_is_booked_beyond_its_lanes_horizon(lanes: list[Lane]) -> None:
    limiter, _ = make()
    slots = [(lane, limiter.reserve("DetectLabels", lane)) for lane in lanes]

    furthest = {
        lane: max((s.wait_seconds for at, s in slots if at is lane and s.is_booked), default=0) for lane in Lane
    }
    assert furthest[Lane.LIVE] <= 2.0
    assert furthest[Lane.BACKFILL] <= 0.2


def test_who_waits_as_long_as_he_was_told_is_booked() -> None:
    limiter, clock = make(5.0)
    while (slot := limiter.reserve("DetectLabels", Lane.LIVE)).is_booked:
        pass
    clock.seconds += slot.wait_seconds

    assert limiter.reserve("DetectLabels", Lane.LIVE).is_booked


def test_refused_threads_that_wait_as_told_use_the_whole_rate() -> None:
    limiter, clock = make(5.0)
    booked = 0
    asks_again = [0.0] * 64
    while clock.seconds < 100:
        clock.seconds = min(asks_again)
        thread = asks_again.index(clock.seconds)
        slot = limiter.reserve("DetectLabels", Lane.LIVE)
        booked += slot.is_booked
        asks_again[thread] = clock.seconds + max(slot.wait_seconds, 0.001)

    assert 485 <= booked <= 485 + 2 * 5


def test_a_second_cut_comes_a_second_and_a_half_after_the_first() -> None:
    limiter, clock = make()
    limiter.throttled("DetectLabels")
    clock.seconds = 1.4
    limiter.throttled("DetectLabels")
    assert rate(limiter) == pytest.approx(48.5 * 0.85 + 1.4 * 0.485)
    clock.seconds = 1.6
    limiter.throttled("DetectLabels")
    assert rate(limiter) == pytest.approx((48.5 * 0.85 + 1.6 * 0.485) * 0.85)


def test_refusals_of_calls_booked_before_a_cut_do_not_cut_again() -> None:
    limiter, clock = make(5.0)
    for _ in range(10):
        limiter.reserve("DetectLabels", Lane.LIVE)
    limiter.throttled("DetectLabels")
    clock.seconds = 1.6
    limiter.throttled("DetectLabels")

    assert rate(limiter) == pytest.approx(4.85 * (0.85 + 0.016))


def test_a_lowered_rate_rises_by_a_hundredth_of_the_quota_a_second_up_to_its_height() -> None:
    limiter, clock = make()
    limiter.throttled("DetectLabels")

    clock.seconds = 10
    assert rate(limiter) == pytest.approx(48.5 * 0.95)
    clock.seconds = 20
    assert (rate(limiter), limiter.rates()["DetectLabels"].reason) == (48.5, "97% of the quota")


def test_a_slow_start_doubles_every_five_seconds() -> None:
    limiter, clock = make()
    limiter.throttled("DetectLabels", ramped_too_fast=True)
    seen = []
    for clock.seconds in (0.0, 5.0, 10.0, 20.0, 1e7):
        seen.append(rate(limiter))

    assert seen == pytest.approx([4.85, 9.7, 19.4, 48.5, 48.5])
