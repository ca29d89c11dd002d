"""When a worker process closes its gate, for how long, and what opens it."""

from datetime import timedelta

import pytest

from sightline.errors import AccessDenied
from sightline.services.worker_breaker import CLOSES_AFTER, LONGEST_PAUSE, REFUSALS, WorkerBreaker
from sightline.testing.clocks import MovingClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def worker_breaker(clock):
    return WorkerBreaker(clock)


def refuse(worker_breaker, times=CLOSES_AFTER):
    for _ in range(times):
        worker_breaker.refused(AccessDenied("s3://frames"))


def test_it_is_open_and_closes_after_a_few_refusals_in_a_row(worker_breaker):
    refuse(worker_breaker, CLOSES_AFTER - 1)
    assert (True, None) == (worker_breaker.is_open(), worker_breaker.reason)
    refuse(worker_breaker, 1)
    assert not worker_breaker.is_open()
    assert "s3://frames" in worker_breaker.reason


def test_a_refusal_among_steps_that_go_well_never_closes_it(worker_breaker):
    for _ in range(20):
        refuse(worker_breaker, CLOSES_AFTER - 1)
        worker_breaker.worked()
    assert worker_breaker.is_open()


def test_it_opens_to_try_and_one_more_refusal_closes_it_for_longer_up_to_half_a_minute(worker_breaker, clock):
    pauses = []
    refuse(worker_breaker)
    for _ in range(8):
        pauses.append(0)
        while not worker_breaker.is_open():
            clock.move(SECOND)
            pauses[-1] += 1
        refuse(worker_breaker, 1)
    assert [1, 2, 4, 8, 16, 30, 30, 30] == pauses


def test_refusals_of_what_was_in_hand_do_not_lengthen_the_pause(worker_breaker, clock):
    refuse(worker_breaker, 50)
    clock.move(SECOND)
    assert worker_breaker.is_open()


def test_it_is_refused_until_a_step_has_gone_well(worker_breaker, clock):
    refuse(worker_breaker)
    clock.move(LONGEST_PAUSE)
    assert worker_breaker.is_open()
    assert worker_breaker.reason is not None
    worker_breaker.worked()
    assert worker_breaker.reason is None
    refuse(worker_breaker)
    clock.move(SECOND)
    assert worker_breaker.is_open()


def test_every_refusal_is_ours_to_mend():
    assert {"AccessDenied", "MissingTable", "WrongPassword", "NotSupported"} == {each.__name__ for each in REFUSALS}
