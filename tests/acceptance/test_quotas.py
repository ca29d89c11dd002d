"""What the endpoint's own log says of four processes that share a quota: never above it, and nothing paid twice."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from stores.rows import State
from tests.acceptance.spine import FEATURES, QUOTA, QUOTAS

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

IMAGES = 100


LATE_SECONDS = 0.5
"""Slots are booked evenly; where two cores run everything, some calls come that much after their slot."""


@pytest.fixture(scope="module")
def uris(spine):
    made = spine.put_many("quota", IMAGES)
    spine.add(made)
    spine.wait(made)
    return made


def fullest(times, seconds):
    """Give the most calls in any stretch of so many seconds, wherever it begins."""
    return max(sum(first <= each < first + timedelta(seconds=seconds) for each in times) for first in times)


def test_every_image_is_complete(spine, uris):
    assert {"complete": IMAGES} == spine.states(uris)


def test_no_call_is_throttled(spine, uris):
    outcomes = Counter(call["outcome"] for call in spine.calls("quota/"))
    assert {"answered": len(FEATURES) * len(uris)} == outcomes


@pytest.mark.parametrize("operation", QUOTAS)
@pytest.mark.parametrize("seconds", [1, 4])
def test_calls_come_no_faster_than_the_quota_but_for_those_that_a_busy_machine_held_up(spine, uris, operation, seconds):
    times = [datetime.fromisoformat(call["at"]) for call in spine.calls("quota/") if call["operation"] == operation]
    assert len(uris) == len(times)
    assert fullest(times, seconds) <= QUOTA * (seconds + LATE_SECONDS)
    assert (len(times) - 1) / (max(times) - min(times)).total_seconds() <= QUOTA


def test_two_processes_of_each_feature_have_shared_the_work(spine, uris):
    assert uris
    done = {
        process.name: process.log.read_text(errors="replace").count("succeeded in")
        for process in spine.stack.crew.processes
        if process.name.partition("-")[0] in FEATURES
    }
    assert 4 == len(done)
    assert 0 < min(done.values())


def test_second_messages_cost_not_one_call_more(spine, uris):
    before = spine.calls("quota/")
    spine.add(uris)
    spine.until(lambda: {"unacked": 0} == spine.queues(), lambda: str(spine.queues()))
    assert before == spine.calls("quota/")
    assert {State.COMPLETE} == {row.state for row in spine.rows(uris).values()}


def test_every_message_twice_at_the_same_time_pays_each_analysis_once(spine):
    made = spine.put_many("twice", IMAGES // 2)
    spine.add([each for uri in made for each in (uri, uri)])
    spine.wait(made)
    spine.until(lambda: {"unacked": 0} == spine.queues(), lambda: str(spine.queues()))
    calls = Counter((call["operation"], call["key"]) for call in spine.calls("twice/"))
    assert (len(FEATURES) * len(made), {1}) == (len(calls), set(calls.values()))
    assert {"complete": len(made)} == spine.states(made)
