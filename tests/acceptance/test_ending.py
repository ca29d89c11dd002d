"""Workers that are told to stop in the middle of their work: it returns to the queue, and the next ones finish it."""

from collections import Counter

import pytest

from tests.acceptance.spine import FEATURES, WORKERS

pytestmark = pytest.mark.acceptance

IMAGES = 80
DETECTING = {name: WORKERS[name] for name in FEATURES}


@pytest.fixture(scope="module")
def half_done(spine):
    """Stop every worker that detects once some calls are made; start them again afterwards.

    Their messages must return by themselves: the wait here is shorter than the time after which Redis restores them.
    """
    uris = spine.put_many("half-done", IMAGES)
    spine.add(uris)
    spine.until(lambda: len(spine.calls("half-done/")) > IMAGES // 4)
    spine.stack.start_workers(dict.fromkeys(DETECTING, 0))
    try:
        left = spine.until_quiet(*FEATURES)
        made = len(spine.calls("half-done/"))
    finally:
        spine.stack.start_workers(DETECTING)
    spine.wait(uris)
    return uris, made, left


def test_waiting_work_goes_back_to_its_queue_when_a_worker_ends(half_done):
    _, made, left = half_done
    assert made < len(FEATURES) * IMAGES
    assert all(left.values())


def test_the_next_workers_finish_what_the_first_ones_left(spine, half_done):
    uris, *_ = half_done
    assert {"complete": IMAGES} == spine.states(uris)


def test_nothing_is_paid_twice_by_the_workers_that_take_over(spine, half_done):
    uris, *_ = half_done
    calls = Counter((call["operation"], call["key"]) for call in spine.calls("half-done/"))
    assert (len(FEATURES) * len(uris), {1}) == (len(calls), set(calls.values()))
