from contextlib import ExitStack

import pytest

from dev.rekognition.refusals import Refusal
from dev.rekognition.waiting import LONGEST_SECONDS, Waiting


def fill(waiting: Waiting, in_hand: ExitStack) -> None:
    while True:
        in_hand.enter_context(waiting.admitted())


def admitted(waiting: Waiting) -> int:
    """Count the looks that are taken in hand until one is refused."""
    with ExitStack() as in_hand:
        with pytest.raises(Refusal, match="ProvisionedThroughputExceededException"):
            fill(waiting, in_hand)
        return waiting.looks


@pytest.mark.parametrize("processes", [1, 2])
def test_who_would_wait_too_long_is_throttled(processes):
    waiting = Waiting(processes, seconds_a_look=0.5)
    assert processes * LONGEST_SECONDS / 0.5 + 1 == admitted(waiting)


def test_the_slower_the_looks_the_fewer_may_wait():
    waiting = Waiting(2)
    at_first = admitted(waiting)
    for _ in range(100):
        waiting.took(4.0)
    slow = admitted(waiting)
    assert 2 * LONGEST_SECONDS / 4 <= slow <= 2 * LONGEST_SECONDS / 4 + 1 < at_first


def test_a_place_is_given_back_however_the_look_ends():
    waiting = Waiting(1)
    with pytest.raises(ValueError, match="torn"), waiting.admitted():
        raise ValueError("torn")
    assert 0 == waiting.looks
