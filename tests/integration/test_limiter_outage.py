"""What the limiter stands: Redis killed, emptied, back again, or locked by another password."""

import time

import pytest

from sightline.errors import Unavailable, WrongPassword
from sightline.models.images import Lane
from sightline.ratelimit.redis import RedisLimiter
from tests.integration.own_redis import QUOTAS, OwnRedis


def test_without_redis_each_process_takes_its_share_of_the_quota(own_redis: OwnRedis) -> None:
    limiters = [own_redis.limiter() for _ in range(4)]
    for each in (*limiters, limiters[0]):
        each.reserve("DetectLabels", Lane.LIVE)
    own_redis.stop()
    limiters[0].reserve("DetectLabels", Lane.LIVE)

    rate = limiters[0].rates()["DetectLabels"]
    assert (rate.quota, rate.rate) == (2.5, pytest.approx(2.425))
    assert "Redis is away: 10/s ÷ 4 processes last seen" in rate.reason


def test_without_redis_an_operators_quota_goes_on(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.override("DetectLabels", 3, "why")
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.stop()
    limiter.reserve("DetectLabels", Lane.LIVE)

    assert limiter.rates()["DetectLabels"].quota == 3.0


def test_without_redis_nothing_is_booked_until_slots_booked_before_are_over(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.stop()

    refused = limiter.reserve("DetectLabels", Lane.LIVE)
    assert not refused.is_booked
    assert 0.5 < refused.wait_seconds <= 1.5


def test_a_refusal_without_redis_lowers_this_processs_share(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.stop()
    limiter.reserve("DetectLabels", Lane.LIVE)
    limiter.throttled("DetectLabels")

    assert 9.7 * 0.85 <= limiter.rates()["DetectLabels"].rate < 9.7


def test_a_process_that_never_saw_redis_assumes_that_it_is_one_of_many(own_redis: OwnRedis) -> None:
    own_redis.stop()
    limiter = own_redis.limiter(assumed_processes=5)
    limiter.reserve("DetectLabels", Lane.LIVE)

    quotas = {name: rate.quota for name, rate in limiter.rates().items()}
    assert quotas == {"DetectLabels": 2.0, "DetectText": 2.0}


def test_redis_back_is_used_again_with_room_for_slots_that_it_does_not_know(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.stop()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.start()
    time.sleep(0.5)

    back = limiter.reserve("DetectLabels", Lane.LIVE)
    assert (back.is_booked, back.wait_seconds) == (True, pytest.approx(2.0, abs=1e-5))
    assert limiter.rates()["DetectLabels"].reason == "97% of the quota"


def test_after_flushall_slots_go_on_behind_those_that_may_be_booked(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.forget()

    assert limiter.reserve("DetectLabels", Lane.LIVE).wait_seconds == pytest.approx(2.0, abs=1e-5)


def test_a_new_process_does_not_hide_from_the_others_that_redis_forgot(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    own_redis.forget()
    own_redis.limiter().reserve("DetectLabels", Lane.LIVE)

    assert limiter.reserve("DetectLabels", Lane.LIVE).wait_seconds == pytest.approx(2.0, abs=1e-5)


def test_room_is_left_once_and_not_by_each_process_again(own_redis: OwnRedis) -> None:
    limiters = [own_redis.limiter() for _ in range(2)]
    for each in limiters:
        each.reserve("DetectLabels", Lane.LIVE)
    own_redis.forget()
    limiters[0].reserve("DetectLabels", Lane.LIVE)
    time.sleep(0.2)

    assert limiters[1].reserve("DetectLabels", Lane.LIVE).wait_seconds < 2.0


def test_after_flushall_every_script_is_loaded_again(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    own_redis.forget()
    limiter.throttled("DetectLabels")
    own_redis.forget()
    limiter.override("DetectLabels", 5, "why")
    own_redis.client().script_flush()

    assert limiter.rates()["DetectLabels"].quota == 5.0


def test_every_key_begins_with_the_prefix(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.reserve("DetectLabels", Lane.LIVE)
    limiter.throttled("DetectLabels")
    limiter.override("DetectLabels", 5, "why")

    names = {key.decode() for key in own_redis.client().scan_iter()}
    assert {"sightline:{limiter:1:eu:DetectLabels}", "sightline:{limiter:1:eu:DetectLabels}:processes"} == names


def test_an_operators_word_is_not_lost_in_silence(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    own_redis.stop()

    with pytest.raises(Unavailable, match="Redis at"):
        limiter.override("DetectLabels", 5, "why")


def test_check_says_whether_redis_is_there(own_redis: OwnRedis) -> None:
    limiter = own_redis.limiter()
    limiter.check()
    own_redis.stop()

    with pytest.raises(Unavailable, match=f"Redis at 127.0.0.1:{own_redis.port}"):
        limiter.check()


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_password_is_said_and_not_taken_for_an_outage(own_redis: OwnRedis, password: str | None) -> None:
    own_redis.stop()
    own_redis.start("--requirepass", "right")
    limiter = RedisLimiter(own_redis.client(password=password), "1", "eu", QUOTAS, "sightline:")

    with pytest.raises(WrongPassword):
        limiter.check()
    with pytest.raises(WrongPassword):
        limiter.reserve("DetectLabels", Lane.LIVE)
