"""When a worker process closes its gate, for how long, and what opens it."""

from datetime import timedelta

import pytest

from tasks.gate import CLOSES_AFTER, LONGEST_PAUSE, REFUSALS, Gate
from tests.clocks import MovingClock
from vision.errors import AccessDenied

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def gate(clock):
    return Gate(clock)


def refuse(gate, times=CLOSES_AFTER):
    for _ in range(times):
        gate.refused(AccessDenied("s3://frames"))


def test_it_is_open_and_closes_after_a_few_refusals_in_a_row(gate):
    refuse(gate, CLOSES_AFTER - 1)
    assert (True, None) == (gate.is_open(), gate.reason)
    refuse(gate, 1)
    assert not gate.is_open()
    assert "s3://frames" in gate.reason


def test_a_refusal_among_steps_that_go_well_never_closes_it(gate):
    for _ in range(20):
        refuse(gate, CLOSES_AFTER - 1)
        gate.worked()
    assert gate.is_open()


def test_it_opens_to_try_and_one_more_refusal_closes_it_for_longer_up_to_half_a_minute(gate, clock):
    pauses = []
    refuse(gate)
    for _ in range(8):
        pauses.append(0)
        while not gate.is_open():
            clock.move(SECOND)
            pauses[-1] += 1
        refuse(gate, 1)
    assert [1, 2, 4, 8, 16, 30, 30, 30] == pauses


def test_refusals_of_what_was_in_hand_do_not_lengthen_the_pause(gate, clock):
    refuse(gate, 50)
    clock.move(SECOND)
    assert gate.is_open()


def test_it_is_refused_until_a_step_has_gone_well(gate, clock):
    refuse(gate)
    clock.move(LONGEST_PAUSE)
    assert gate.is_open()
    assert gate.reason is not None
    gate.worked()
    assert gate.reason is None
    refuse(gate)
    clock.move(SECOND)
    assert gate.is_open()


def test_every_refusal_is_ours_to_mend():
    assert {"AccessDenied", "MissingTable", "WrongPassword", "NotSupported"} == {each.__name__ for each in REFUSALS}
