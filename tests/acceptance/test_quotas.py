"""Four processes share a quota: by the endpoint's own log they never exceed it, and nothing is paid for twice."""

import socket
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from dev.stack.waiting import STANDSTILL_SECONDS
from sightline.models.images import State
from sightline.queues.steps import DETECT
from tests.acceptance.spine import FEATURES, QUOTA, QUOTAS

pytestmark = pytest.mark.acceptance

IMAGES = 100
HELD_IMAGES, HELD_RATE = 40, 4

LATE_SECONDS = 0.5
"""Slots are booked evenly; where two cores run everything, some calls come that much after their slot."""


@pytest.fixture(scope="module")
def done_before(spine):
    return done_by(spine)


@pytest.fixture(scope="module")
def uris(spine, done_before):  # noqa: ARG001 - counted before anything is added
    made = spine.put_many("quota", IMAGES)
    spine.add(made)
    spine.wait(made)
    return made


def times_of(spine, key_prefix, operation):
    calls = [call for call in spine.calls(key_prefix) if call["operation"] == operation]
    return [datetime.fromisoformat(call["at"]) for call in calls]


def done_by(spine):
    """Return how many detections each process has taken since it started, by its name."""
    names = [each.name for each in spine.stack.replicas.processes if each.name.partition("-")[0] in FEATURES]
    nodes = {f"{name}@{socket.gethostname()}": name for name in names}
    answers = spine.app.control.inspect([*nodes], STANDSTILL_SECONDS, limit=len(nodes)).stats()
    return {nodes[node]: stats["total"].get(DETECT, 0) for node, stats in answers.items()}


def fullest(times, seconds):
    """Return the most calls in any span of so many seconds, wherever it begins."""
    return max(sum(first <= each < first + timedelta(seconds=seconds) for each in times) for first in times)


def mean_rate(times):
    return (len(times) - 1) / (max(times) - min(times)).total_seconds()


def test_every_image_is_complete(spine, uris):
    assert {"complete": IMAGES} == spine.states(uris)


def test_no_call_is_throttled(spine, uris):
    outcomes = Counter(call["outcome"] for call in spine.calls("quota/"))
    assert {"answered": len(FEATURES) * len(uris)} == outcomes


@pytest.mark.parametrize("operation", QUOTAS)
@pytest.mark.parametrize("seconds", [1, 4])
def test_calls_come_no_faster_than_the_quota_but_for_those_that_a_busy_machine_held_up(spine, uris, operation, seconds):
    times = times_of(spine, "quota/", operation)
    assert len(uris) == len(times)
    assert fullest(times, seconds) <= QUOTA * (seconds + LATE_SECONDS)
    assert mean_rate(times) <= QUOTA


@pytest.fixture(scope="module")
def held(spine):
    """Return images whose calls had to wait, and when they were added. The rate is below what any machine can do."""
    made = spine.put_many("held", HELD_IMAGES)
    began = datetime.now(UTC)
    for operation in QUOTAS:
        spine.services.limiter.override(operation, HELD_RATE, "a test")
    try:
        spine.add(made)
        spine.wait(made)
    finally:
        for operation in QUOTAS:
            spine.services.limiter.override(operation, None, "a test")
    return made, began


@pytest.mark.usefixtures("uris")
@pytest.mark.parametrize("operation", QUOTAS)
def test_the_limiter_holds_the_calls_of_all_processes_to_a_rate_and_uses_it(spine, held, operation):
    images, began = held
    times = sorted(times_of(spine, "held/", operation))
    assert len(images) == len(times)
    # A busy machine holds calls up after their slots, and may then let several go at once. It lets none go before its
    # slot: so the nth call is never earlier than n even steps after the beginning, however busy the machine is.
    too_early = [n for n, at in enumerate(times) if at < began + timedelta(seconds=n / HELD_RATE)]
    assert [] == too_early
    as_fast_as_this_machine_goes = mean_rate(times_of(spine, "quota/", operation))
    assert 0.5 * min(HELD_RATE, as_fast_as_this_machine_goes) < mean_rate(times)


def test_two_processes_of_each_feature_have_shared_the_work(spine, done_before, uris):
    done = done_by(spine)
    assert len(FEATURES) * len(uris) <= sum(done.values()) - sum(done_before.values())
    assert 4 == len(done)
    assert [] == [name for name in done if done[name] <= done_before[name]]


def test_second_messages_cost_not_one_call_more(spine, uris):
    before = spine.calls("quota/")
    spine.add(uris)
    spine.until_quiet()
    assert before == spine.calls("quota/")
    assert {State.COMPLETE} == {row.state for row in spine.rows(uris).values()}


def test_every_message_twice_at_the_same_time_pays_each_analysis_once(spine):
    made = spine.put_many("twice", IMAGES // 2)
    spine.add([each for uri in made for each in (uri, uri)])
    spine.wait(made)
    spine.until_quiet()
    calls = Counter((call["operation"], call["key"]) for call in spine.calls("twice/"))
    assert (len(FEATURES) * len(made), {1}) == (len(calls), set(calls.values()))
    assert {"complete": len(made)} == spine.states(made)
