"""The limiter's contract over memory and Redis."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from redis import Redis

from sightline.errors import ConfigurationError
from sightline.models.images import Lane
from sightline.ratelimit.fallback import InMemoryLimiter
from sightline.ratelimit.protocol import Limiter, Slot
from sightline.ratelimit.redis import RedisLimiter, client_options
from sightline.testing.clocks import MovingClock

QUOTAS = {"DetectLabels": 10.0, "DetectText": 10.0, "DetectFaces": 1000.0}
MakeLimiter = Callable[..., Limiter]


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, **client_options()) as client:
        yield client


@pytest.fixture
def twins_clock() -> MovingClock:
    clock = MovingClock()
    clock.now = datetime.now(UTC)
    return clock


@pytest.fixture(params=["memory", "redis"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def let_pass(where: str, twins_clock: MovingClock) -> Callable[[float], None]:
    """Let so many seconds pass for the limiter."""
    return time.sleep if where == "redis" else lambda seconds: twins_clock.move(timedelta(seconds=seconds))


@pytest.fixture
def make_limiter(where: str, twins_clock: MovingClock, request: pytest.FixtureRequest) -> MakeLimiter:
    """Make limiters that share nothing with any other test; the twin's clock stands still."""
    if where == "memory":
        return partial(InMemoryLimiter, twins_clock)
    client = request.getfixturevalue("redis")
    return lambda quotas, **options: RedisLimiter(client, "1", "eu", quotas, f"test-{uuid4().hex}:", **options)


class Asked:
    """Slots asked for one after the other, and the seconds that it took: by so much may a wait have become shorter."""

    def __init__(self, limiters: list[Limiter], count: int, lane: Lane = Lane.LIVE) -> None:
        begun = time.monotonic()
        self.slots = [limiters[n % len(limiters)].reserve("DetectLabels", lane) for n in range(count)]
        self.took_seconds = time.monotonic() - begun

    def stand_apart(self, per_second: float) -> bool:
        """Say whether each slot stands 1/rate behind the one before."""
        return all(
            slot.is_booked and n / per_second - self.took_seconds - 0.001 <= slot.wait_seconds <= n / per_second + 1e-4
            for n, slot in enumerate(self.slots)
        )


def test_slots_asked_for_at_once_stand_evenly_apart_at_the_share_of_the_quota(make_limiter: MakeLimiter) -> None:
    assert Asked([make_limiter(QUOTAS)], 15).stand_apart(9.7)


def test_the_first_slot_after_an_idle_time_is_free_at_once(make_limiter: MakeLimiter) -> None:
    assert Slot(is_booked=True, wait_seconds=0.0) == make_limiter(QUOTAS).reserve("DetectLabels", Lane.LIVE)


def test_a_slot_beyond_the_horizon_is_not_booked(make_limiter: MakeLimiter) -> None:
    asked = Asked([make_limiter({"DetectLabels": 2.0})], 30)

    booked = [slot for slot in asked.slots if slot.is_booked]
    assert 4 <= len(booked) <= 5 + 1.94 * asked.took_seconds
    assert max(slot.wait_seconds for slot in booked) <= 2.0
    assert all(1.0 <= slot.wait_seconds <= 2.0 for slot in asked.slots if not slot.is_booked)


def test_live_goes_first_where_backfill_is_refused(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    Asked([limiter], 15)

    assert not limiter.reserve("DetectLabels", Lane.BACKFILL).is_booked
    assert limiter.reserve("DetectLabels", Lane.LIVE).is_booked


def test_backfill_is_booked_while_nobody_else_asks(make_limiter: MakeLimiter) -> None:
    assert make_limiter(QUOTAS).reserve("DetectLabels", Lane.BACKFILL).is_booked


def test_operations_do_not_share_a_rate(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    Asked([limiter], 15)

    assert limiter.reserve("DetectText", Lane.LIVE).wait_seconds == 0.0


def test_an_operation_without_a_quota_is_an_error_that_names_it(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)

    for ask in (
        lambda: limiter.reserve("DetectCats", Lane.LIVE),
        lambda: limiter.throttled("DetectCats"),
        lambda: limiter.override("DetectCats", 1, "why"),
    ):
        with pytest.raises(ConfigurationError, match="DetectCats: an operation needs a quota"):
            ask()


@pytest.mark.parametrize("per_second", [0.0, -1.0, float("nan"), float("inf"), 0.009, 1e-300])
def test_a_rate_that_no_call_can_go_at_is_refused(make_limiter: MakeLimiter, per_second: float) -> None:
    limiter = make_limiter(QUOTAS)
    rule = r"DetectLabels at .*: a rate is a finite number of 0\.01 calls a second or more"

    with pytest.raises(ConfigurationError, match=rule):
        limiter.override("DetectLabels", per_second, "why")
    with pytest.raises(ConfigurationError, match=rule):
        make_limiter({"DetectLabels": per_second})


def test_calls_refused_together_lower_the_rate_once(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    for _ in range(5):
        limiter.throttled("DetectLabels")

    rate = limiter.rates()["DetectLabels"]
    assert 9.7 * 0.85 <= rate.rate < 9.7 * 0.9
    assert rate.reason.startswith("throttled")
    assert rate.changed_at is not None
    assert abs(datetime.now(UTC) - rate.changed_at) < timedelta(minutes=1)


def test_a_refusal_lowers_an_operators_new_quota_at_once(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    limiter.throttled("DetectLabels")
    limiter.override("DetectLabels", 4, "a test")
    limiter.throttled("DetectLabels")

    assert 3.88 * 0.85 <= limiter.rates()["DetectLabels"].rate < 3.88 * 0.9


def test_a_rate_that_rose_too_fast_begins_again_from_a_tenth(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    limiter.throttled("DetectLabels", ramped_too_fast=True)

    rate = limiter.rates()["DetectLabels"]
    assert 0.97 <= round(rate.rate, 4) < 1.94
    assert rate.reason.startswith("ramped too fast")


def test_slots_after_a_slow_start_stand_further_apart(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter({"DetectLabels": 100.0})
    limiter.throttled("DetectLabels", ramped_too_fast=True)

    assert Asked([limiter], 15).slots[-1].wait_seconds > 14 / 97


def test_an_operators_quota_holds_until_it_is_taken_back(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    limiter.throttled("DetectLabels")

    limiter.override("DetectLabels", 4, "the other team's batch runs")
    by_hand = limiter.rates()["DetectLabels"]
    assert (by_hand.quota, by_hand.rate) == (4.0, pytest.approx(3.88))
    assert by_hand.reason.startswith("quota set by hand: the other team's batch runs")
    assert Asked([limiter], 5).stand_apart(3.88)

    limiter.override("DetectLabels", None, "")
    configured = limiter.rates()["DetectLabels"]
    assert (configured.quota, configured.rate, configured.reason) == (10.0, pytest.approx(9.7), "97% of the quota")


def test_an_operators_higher_quota_takes_hold_at_once_after_a_very_low_one(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    limiter.override("DetectLabels", 0.01, "nearly stopped")
    limiter.reserve("DetectLabels", Lane.LIVE)
    limiter.override("DetectLabels", None, "")

    assert limiter.reserve("DetectLabels", Lane.LIVE).wait_seconds <= 2.0


def test_who_waits_as_told_after_a_very_low_rate_is_booked(
    make_limiter: MakeLimiter, let_pass: Callable[[float], None]
) -> None:
    limiter = make_limiter(QUOTAS)
    limiter.override("DetectLabels", 0.01, "nearly stopped")
    limiter.reserve("DetectLabels", Lane.LIVE)
    limiter.override("DetectLabels", None, "")
    let_pass(limiter.reserve("DetectLabels", Lane.LIVE).wait_seconds)

    assert limiter.reserve("DetectLabels", Lane.LIVE).is_booked


def test_rates_name_every_operation_before_its_first_call(make_limiter: MakeLimiter) -> None:
    assert {name: rate.quota for name, rate in make_limiter(QUOTAS).rates().items()} == QUOTAS


def test_threads_that_ask_at_once_never_get_the_same_slot(make_limiter: MakeLimiter) -> None:
    limiter = make_limiter(QUOTAS)
    waits: list[float] = []

    def ask() -> None:
        waits.extend(limiter.reserve("DetectFaces", Lane.LIVE).wait_seconds for _ in range(20))

    begun = time.monotonic()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_seconds = time.monotonic() - begun
    assert len(waits) == 160
    assert max(waits) >= 159 / 970 - took_seconds
    assert limiter.reserve("DetectFaces", Lane.LIVE).wait_seconds >= 160 / 970 - took_seconds - 0.01


def test_processes_share_one_rate_through_redis(redis: Redis) -> None:
    prefix = f"test-{uuid4().hex}:"

    assert Asked([RedisLimiter(redis, "1", "eu", QUOTAS, prefix) for _ in range(4)], 15).stand_apart(9.7)


@pytest.mark.parametrize(("account", "region"), [("2", "eu"), ("1", "us")])
def test_another_account_or_region_has_its_own_rate(redis: Redis, account: str, region: str) -> None:
    prefix = f"test-{uuid4().hex}:"
    Asked([RedisLimiter(redis, "1", "eu", QUOTAS, prefix)], 15)

    other = RedisLimiter(redis, account, region, QUOTAS, prefix)
    assert other.reserve("DetectLabels", Lane.LIVE).wait_seconds == 0.0
