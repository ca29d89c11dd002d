"""Who pays when several want the same analysis at once, and when a process dies or waits in the middle of it."""

from contextlib import suppress
from datetime import timedelta

import pytest

from sightline.errors import LeaseHeld, OutcomeUnknown, Throttled, Unavailable, UnreadableAnswer
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.steps import DETECT
from sightline.rekognition.features import feature_named
from sightline.services.bookkeeping import keep_books
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.status import cost_section, ledger_section
from sightline.services.usage import COST
from sightline.storage.ledger.protocol import Analysis, Status
from sightline.testing.fake import PERSON, FakeSightline, picture, uri_of
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

URI, TWIN = uri_of("01"), uri_of("02", camera="gate")
UNTIL_FREE = CLAIM_LEASE + TAKEOVER_AFTER


class ProcessDied(BaseException):
    """Nothing handles this, as nothing handles kill -9."""


def die() -> Answer:
    raise ProcessDied


@pytest.fixture
def world() -> FakeSightline:
    """Give a world with the same bytes under two keys, both waiting for their one analysis."""
    world = FakeSightline(features=("labels",))
    for uri in (URI, TWIN):
        world.put(uri, picture())
        world.add(uri)
    world.do(world.sent.popleft())
    world.do(world.sent.popleft())
    assert [DETECT, DETECT] == [step.task for step in world.sent]
    return world


def entry(world: FakeSightline):
    return world.ledger.get(world.images.get(URI).wanted["labels"])


def attempts(world: FakeSightline) -> tuple[int, int, int]:
    """Give calls made, claims taken, and those that ended unknown."""
    return len(world.detector.asked), entry(world).attempts, entry(world).unknown_attempts


def heal(world: FakeSightline) -> None:
    """Let time pass and the reconciler work until nothing is unfinished."""
    while list(world.images.unfinished()):
        world.clock.move(timedelta(minutes=1))
        reconcile(reconciler_of(world.services, world.send), lambda: True)
        while world.sent:
            with suppress(LeaseHeld):  # its message is lost: the next look sends another
                world.do(world.sent.popleft())


def states(world: FakeSightline) -> set[State]:
    return {world.images.get(uri).state for uri in (URI, TWIN)}


def test_of_two_messages_for_the_same_content_at_once_one_pays_and_the_other_waits_for_it(world):
    mine, other = world.sent
    refused = []

    def meanwhile() -> Answer:
        with pytest.raises(LeaseHeld) as held:
            world.do(other)
        refused.append(held.value.free_at)
        return PERSON

    until = world.clock.now + UNTIL_FREE

    world.detector.script.append(meanwhile)
    world.do(mine)
    assert [until] == refused
    world.run()
    assert (1, 1, 0) == attempts(world)
    assert {State.COMPLETE} == states(world)


def test_a_lease_that_ends_while_its_call_still_runs_is_honoured_for_a_minute_more(world):
    mine, other = world.sent

    def takes_long() -> Answer:
        world.clock.move(UNTIL_FREE - timedelta(seconds=1))
        with pytest.raises(LeaseHeld):
            world.do(other)
        return PERSON

    world.detector.script.append(takes_long)
    world.do(mine)
    assert (1, 1, 0) == attempts(world)


def test_an_answer_that_comes_after_another_took_over_is_kept_once_and_the_first_attempt_counts_as_unknown(world):
    mine, other = world.sent
    later = Answer(PERSON.detections, "a later model")

    def takes_too_long() -> Answer:
        world.clock.move(UNTIL_FREE + timedelta(seconds=1))
        world.do(other)
        return later

    world.detector.script.append(takes_too_long)
    world.do(mine)
    assert (2, 2, 1) == attempts(world)
    assert entry(world).answer == PERSON
    world.run()
    assert {State.COMPLETE} == states(world)


def test_a_crash_between_call_and_settle_may_pay_twice_and_is_counted_as_ended_unknown(world):
    world.detector.script.append(die)
    with pytest.raises(ProcessDied):
        world.do(world.sent.popleft())
    assert (1, 1, 0) == attempts(world)
    assert entry(world).status is Status.CLAIMED
    with pytest.raises(LeaseHeld):
        world.do(world.sent.popleft())
    heal(world)
    assert (2, 2, 1) == attempts(world)
    assert {State.COMPLETE} == states(world)


def test_a_crash_before_the_call_pays_nothing_and_is_counted_as_if_it_might_have(world):
    world.ledger.claim(entry_analysis(world))
    world.sent.clear()
    heal(world)
    assert (1, 2, 1) == attempts(world)


def entry_analysis(world: FakeSightline):
    row = world.images.get(URI)
    plan = world.services.plan
    return Analysis(row.wanted["labels"], row.content.sha256, "labels", plan.features["labels"], "1", URI)


def test_an_answer_that_never_comes_is_counted_as_unknown_and_asked_for_again(world):
    def times_out() -> Answer:
        world.clock.move(timedelta(seconds=30))
        raise OutcomeUnknown("Rekognition")

    world.detector.script.append(times_out)
    world.do(world.sent.popleft())
    assert (2, 2, 1) == attempts(world)
    world.services.calls.flush()
    counted = world.operations.usage.calls("0000", "9999")
    assert (1, 1) == (counted["labels", "unknown"], counted["labels", "answered"])


def test_an_answer_that_nobody_can_read_was_paid_and_is_not_asked_for_again_before_a_redrive(world):
    world.detector.script.append(UnreadableAnswer(URI))
    with pytest.raises(UnreadableAnswer):
        world.do(world.sent.popleft())
    assert (1, 1, 1) == attempts(world)
    world.services.calls.flush()
    price = world.services.prices.of_call(feature_named("labels"), world.services.plan.features["labels"])
    assert {("labels", "failed"): 1, ("labels", COST): price} == world.operations.usage.calls("0000", "9999")


# --- defects of the system before this one, each by its name ----------------------------------------------------------


def test_two_images_of_one_camera_in_the_same_second_do_not_overwrite_one_another():
    world = FakeSightline(features=("labels",))
    same_second = [f"{URI[:-4]}{end}.jpg" for end in ("", "-1", "-2")]
    for shade, uri in enumerate(same_second):
        world.put(uri, picture(shade))
    world.add(*same_second)
    world.run()
    assert set(same_second) == set(world.graph.versions(same_second))
    rows = world.images.get_many(same_second).values()
    assert 1 == len({row.capture.taken_at for row in rows})
    assert 3 == len({row.wanted["labels"] for row in rows})


def test_a_step_that_is_tried_again_after_its_answer_pays_nothing_again(world):
    mine = world.sent[0]
    world.do(mine)
    for _ in range(5):
        world.do(mine)
    assert (1, 1, 0) == attempts(world)


def test_an_image_without_labels_leaves_a_trace_and_is_never_asked_about_again(world):
    world.detector.script.append(Answer((), "test-1"))
    world.run()
    part = world.images.get(URI).parts["labels"]
    assert ((), "answered", State.COMPLETE) == (part.finding, part.status, world.images.get(URI).state)
    assert {URI, TWIN} == set(world.graph.versions([URI, TWIN]))
    world.add(URI)
    world.run()
    assert 1 == len(world.detector.asked)


@pytest.mark.parametrize(
    ("error", "times"), [(Throttled("x"), 3), (Unavailable("x"), 3), (KeyError("a defect of ours"), 1)], ids=repr
)
def test_an_error_that_is_not_the_images_never_makes_it_a_bad_image(world, error, times):
    world.detector.script.extend([error] * times)
    with pytest.raises(type(error)):
        world.do(world.sent.popleft())
    world.sent.clear()
    assert {State.ANALYSING} == states(world)
    assert [] == list(world.operations.dead_letters.read())
    heal(world)
    assert {State.COMPLETE} == states(world)


def test_a_throttle_is_counted_as_a_throttle_and_costs_the_image_no_round(world):
    world.detector.script.extend([Throttled("x")] * 3)
    with pytest.raises(Throttled):
        world.do(world.sent.popleft())
    world.services.calls.flush()
    assert {("labels", "throttled"): 3} == world.operations.usage.calls("0000", "9999")
    world.clock.move(timedelta(minutes=3))
    reconcile(reconciler_of(world.services, world.send), lambda: True)
    row = world.images.get(URI)
    assert (0, None, Lane.LIVE) == (row.rounds, row.failure, row.lane)


def test_what_a_dead_process_claimed_and_nobody_wants_again_may_have_been_paid_for_in_every_sum(world):
    keep_books(world.services, lambda: True)
    world.detector.script.append(die)
    with pytest.raises(ProcessDied):
        world.do(world.sent.popleft())
    world.clock.move(UNTIL_FREE)
    keep_books(world.services, lambda: True)
    assert Status.CLAIMED is entry(world).status
    prices = world.services.prices
    booked = cost_section(world.operations, prices, world.clock())
    read = ledger_section(world.ledger.scan(), prices)["labels"]
    assert ({"labels": 0.001}, 0.001) == (booked["month_usd_at_most"], read["usd_at_most"])
    assert ({}, 0.0) == (booked["month_usd"], read["usd"])
