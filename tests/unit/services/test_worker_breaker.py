"""When a worker's circuit breaker opens, for how long, and what closes it."""

from datetime import timedelta

import pytest

from sightline.errors import AccessDenied
from sightline.services.worker_breaker import LONGEST_PAUSE, OPENS_AFTER, REFUSALS, WorkerBreaker
from sightline.testing.clocks import MovingClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def worker_breaker(clock):
    return WorkerBreaker(clock)


def refuse(worker_breaker, times=OPENS_AFTER):
    for _ in range(times):
        worker_breaker.refused(AccessDenied("s3://frames"))


def test_it_opens_after_a_few_refusals_in_a_row(worker_breaker):
    refuse(worker_breaker, OPENS_AFTER - 1)
    assert (True, None) == (worker_breaker.may_take_work(), worker_breaker.reason)
    refuse(worker_breaker, 1)
    assert not worker_breaker.may_take_work()
    assert "s3://frames" in worker_breaker.reason


def test_refusals_among_steps_that_succeed_never_open_it(worker_breaker):
    for _ in range(20):
        refuse(worker_breaker, OPENS_AFTER - 1)
        worker_breaker.worked()
    assert worker_breaker.may_take_work()


def test_after_its_pause_it_lets_a_step_try_and_one_more_refusal_opens_it_for_longer_up_to_half_a_minute(
    worker_breaker, clock
):
    pauses = []
    refuse(worker_breaker)
    for _ in range(8):
        pauses.append(0)
        while not worker_breaker.may_take_work():
            clock.move(SECOND)
            pauses[-1] += 1
        refuse(worker_breaker, 1)
    assert [1, 2, 4, 8, 16, 30, 30, 30] == pauses


def test_refusals_of_what_was_in_hand_do_not_lengthen_the_pause(worker_breaker, clock):
    refuse(worker_breaker, 50)
    clock.move(SECOND)
    assert worker_breaker.may_take_work()


def test_it_keeps_its_reason_until_a_step_has_succeeded(worker_breaker, clock):
    refuse(worker_breaker)
    clock.move(LONGEST_PAUSE)
    assert worker_breaker.may_take_work()
    assert worker_breaker.reason is not None
    worker_breaker.worked()
    assert worker_breaker.reason is None
    refuse(worker_breaker)
    clock.move(SECOND)
    assert worker_breaker.may_take_work()


def test_every_refusal_is_ours_to_mend():
    assert {"AccessDenied", "MissingTable", "WrongPassword", "NotSupported"} == {each.__name__ for each in REFUSALS}
