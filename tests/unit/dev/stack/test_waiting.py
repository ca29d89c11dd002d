"""Waiting lasts as long as something moves."""

import time
from itertools import count, islice

from dev.stack.waiting import nothing, wait_until


def after(looks):
    """Return a question whose answer is yes from that look on."""
    numbers = count()
    return lambda: next(numbers) >= looks


def never():
    return False


def test_it_waits_for_what_moves_longer_than_it_may_stand_still():
    numbers = count()
    assert wait_until(after(40), lambda: next(numbers), every=0.005, standstill=0.02)


def test_it_gives_up_when_nothing_moves():
    assert not wait_until(never, nothing, every=0.001, standstill=0.02)


def test_it_gives_up_what_moves_and_never_arrives():
    numbers = count()
    assert not wait_until(never, lambda: next(numbers), every=0.001, standstill=10, longest=0.05)


def test_a_pause_of_the_one_who_waits_does_not_count():
    """It is as if this process, or the machine, had been frozen for longer than anything may stand still."""
    pauses = iter([1.2, 0])
    assert wait_until(lambda: [time.sleep(pause) for pause in islice(pauses, 1)] == [], nothing, standstill=1, every=0)


def test_what_is_so_already_is_not_waited_for():
    assert wait_until(lambda: True, nothing, standstill=0)


def test_it_tells_how_long_it_has_waited():
    told: list[float] = []
    assert wait_until(after(40), nothing, every=0.005, tell=told.append, tells_every=0.02)
    assert told
    assert sorted(told) == told
