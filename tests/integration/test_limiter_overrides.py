"""An operator's quota outlives Redis: it is kept elsewhere, and Redis holds a copy."""

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from redis import Redis

from sightline.errors import Unavailable
from sightline.models.images import Lane
from sightline.models.rates import RateOverride
from sightline.ratelimit.gcra import COMPARE_EVERY_SECONDS
from sightline.ratelimit.redis import RedisLimiter, client_options
from sightline.testing.operations import InMemoryRateOverrides

QUOTAS = {"DetectLabels": 50.0}
SCOPE = "1:eu"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, **client_options()) as client:
        yield client


@pytest.fixture
def kept() -> InMemoryRateOverrides:
    return InMemoryRateOverrides()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex}:"


@pytest.fixture
def state(prefix: str) -> str:
    """Name the hash of the operation."""
    return f"{prefix}{{limiter:{SCOPE}:DetectLabels}}"


@pytest.fixture
def make(redis: Redis, kept: InMemoryRateOverrides, prefix: str) -> Callable[..., RedisLimiter]:
    """Make the limiter of one process; `overrides=None` makes that of an older version."""
    return lambda client=redis, **options: RedisLimiter(
        client, "1", "eu", QUOTAS, prefix, **({"overrides": kept} | options)
    )


def booked(limiter: RedisLimiter) -> int:
    """Return how many slots can be booked within the live lane's horizon: about two seconds of them."""
    limiter.reserve("DetectLabels", Lane.LIVE)
    return sum(limiter.reserve("DetectLabels", Lane.LIVE).is_booked for _ in range(60))


def test_an_emptied_redis_books_nothing_above_the_operators_quota(make, redis, state):
    make().override("DetectLabels", 1.0, "a second account shares it")
    limiter = make()
    redis.delete(state, f"{state}:processes")
    assert booked(limiter) <= 3
    rate = limiter.rates()["DetectLabels"]
    assert (rate.quota, rate.reason) == (1.0, "quota set by hand: a second account shares it; 97% of the quota")


def test_it_is_shown_right_after_redis_was_emptied_though_nothing_was_booked(make, redis, state):
    make().override("DetectLabels", 1.0, "why")
    redis.delete(state)
    assert make().rates()["DetectLabels"].quota == 1.0


def test_a_reset_is_not_undone_when_redis_is_emptied(make, redis, state):
    limiter = make()
    limiter.override("DetectLabels", 1.0, "why")
    limiter.override("DetectLabels", None, "")
    redis.delete(state)
    assert limiter.rates()["DetectLabels"].quota == 50.0


def test_an_override_that_an_older_version_left_in_redis_is_kept_once(make, kept, redis, state):
    make(overrides=None).override("DetectLabels", 2.0, "set before the update")
    limiter = make()
    limiter.reserve("DetectLabels", Lane.LIVE)
    assert kept.read(SCOPE) == {"DetectLabels": RateOverride(2.0, "set before the update", 1)}
    redis.delete(state)
    assert limiter.rates()["DetectLabels"].quota == 2.0


def test_a_redis_that_went_back_to_an_older_state_follows_within_a_minute(make, kept, redis, state):
    limiter = make()
    limiter.override("DetectLabels", 1.0, "old")
    older = redis.dump(state)
    limiter.override("DetectLabels", 2.0, "new")
    redis.restore(state, 0, older, replace=True)
    redis.hset(state, "kept_at", time.time() - COMPARE_EVERY_SECONDS - 1)
    limiter.reserve("DetectLabels", Lane.LIVE)
    assert redis.hmget(state, "quota", "by_hand") == [b"2.0", b"new"]
    assert kept.read(SCOPE)["DetectLabels"].revision == 2


def test_while_both_are_lost_nothing_is_booked(make):
    class Away(InMemoryRateOverrides):
        def read(self, scope: str) -> dict[str, RateOverride]:
            raise Unavailable("operations", rule=f"{scope} cannot be read")

    with pytest.raises(Unavailable, match="operations"):
        make(overrides=Away()).reserve("DetectLabels", Lane.LIVE)


def test_what_could_not_reach_redis_is_kept_and_holds_when_it_is_back(make):
    with Redis(port=1, **client_options()) as away, pytest.raises(Unavailable):
        make(away).override("DetectLabels", 3.0, "why")
    assert make().rates()["DetectLabels"].quota == 3.0


def test_a_process_that_begins_without_redis_takes_its_share_of_the_operators_quota(make, kept):
    kept.keep(SCOPE, "DetectLabels", 4.0, "why")
    with Redis(port=1, **client_options()) as away:
        limiter = make(away, assumed_processes=2)
        limiter.reserve("DetectLabels", Lane.LIVE)
        assert limiter.rates()["DetectLabels"].quota == 2.0
