"""Poison: which message is watched, and what is done with one that worker processes die of."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from sightline.errors import Poisonous, Unavailable
from sightline.queues.publishing import IS_SENT_AGAIN
from sightline.testing.fake import FakeSightline
from sightline.timing import LONGEST_TASK
from tasks.quarantine import Course, attempt_id, course_of, refuse, suspect_of, watched

STEP = ("detect_feature", ("s3://b/k.jpg", "labels", "live"))
LATER = LONGEST_TASK + timedelta(seconds=1)


def message(name="m1", *, taken=False, again=False, queue="labels"):
    """Say what a worker sees of a message."""
    headers = {IS_SENT_AGAIN: True} if again else {"sent_at": 1.0}
    return SimpleNamespace(id=name, headers=headers, delivery_info={"redelivered": taken, "routing_key": queue})


@pytest.fixture
def world():
    return FakeSightline()


def deliver(world, request, *, dies):
    """Deliver a message to a worker that dies of it, or does not; give the course that was taken."""
    suspect = suspect_of(*STEP, request)
    if suspect is None:
        return None
    begun = world.operations.attempts.begun(suspect.step_id)
    course = course_of(suspect, begun, world.clock.now)
    if course is Course.GO and dies:
        world.operations.attempts.begin(suspect.step_id, attempt_id(suspect, begun))
    elif course is Course.GO:
        with watched(suspect, begun, world.operations):
            pass
    elif course is Course.NEVER:
        refuse(suspect, world.operations)
    world.clock.move(LATER)
    return course


def test_a_new_message_is_not_watched():
    assert suspect_of(*STEP, message()) is None
    assert suspect_of(*STEP, SimpleNamespace(id=None, headers=None, delivery_info=None)) is None


def test_a_message_that_was_there_before_is_watched_by_its_step_whatever_its_lane():
    suspects = [
        suspect_of(*STEP, message(taken=True)),
        suspect_of(*STEP, message(again=True)),
        suspect_of("detect_feature", ("s3://b/k.jpg", "labels", "backfill"), message(queue="careful")),
    ]
    assert ["detect_feature#s3://b/k.jpg#labels"] * 3 == [each.step_id for each in suspects]
    assert [(True, False), (False, False), (False, True)] == [(each.was_taken, each.is_alone) for each in suspects]


def test_a_message_delivered_again_after_its_process_died_runs_then_runs_alone_and_then_never(world):
    courses = [
        deliver(world, message(taken=True), dies=True),
        deliver(world, message(taken=True), dies=True),
        deliver(world, message(taken=True, queue="careful"), dies=True),
        deliver(world, message(taken=True, queue="careful"), dies=True),
    ]
    assert [Course.GO, Course.ALONE, Course.GO, Course.NEVER] == courses


def test_copies_that_the_reconciler_sends_are_counted_by_what_was_seen_of_them(world):
    courses = [deliver(world, message(f"copy {n}", again=True), dies=True) for n in range(3)]
    courses += [deliver(world, message("copy 3", again=True, queue="careful"), dies=True)]
    courses += [deliver(world, message("copy 4", again=True), dies=True)]
    assert [Course.GO, Course.GO, Course.ALONE, Course.GO, Course.NEVER] == courses


def test_after_the_letter_everything_begins_anew(world):
    for n in range(6):
        course = deliver(world, message(f"{n}", again=True, queue="careful"), dies=True)
        if course is Course.NEVER:
            break
    assert deliver(world, message("redrive", again=True), dies=False) is Course.GO


def test_an_innocent_that_was_in_hand_when_a_process_died_goes_its_way_and_leaves_nothing_behind(world):
    assert deliver(world, message(taken=True), dies=False) is Course.GO
    assert deliver(world, message(taken=True), dies=True) is Course.GO
    assert deliver(world, message("copy", again=True), dies=False) is Course.ALONE
    assert deliver(world, message("copy", again=True, queue="careful"), dies=False) is Course.GO
    assert {} == world.operations.attempts.begun("detect_feature#s3://b/k.jpg#labels")


def test_a_step_that_may_still_run_elsewhere_is_waited_for(world):
    suspect = suspect_of(*STEP, message(again=True))
    with watched(suspect, {}, world.operations):  # type: ignore[arg-type]
        world.clock.move(LONGEST_TASK - timedelta(seconds=1))
        begun = world.operations.attempts.begun(suspect.step_id)
        assert course_of(suspect, begun, world.clock.now) is Course.WAIT  # type: ignore[arg-type]
    assert {} == world.operations.attempts.begun(suspect.step_id)


@pytest.mark.parametrize("error", [Unavailable("x"), KeyError("x")], ids=repr)
def test_a_step_that_ends_by_an_error_has_ended(world, error):
    suspect = suspect_of(*STEP, message(again=True))
    with pytest.raises(type(error)), watched(suspect, {}, world.operations):  # type: ignore[arg-type]
        raise error
    assert {} == world.operations.attempts.begun(suspect.step_id)


def test_poison_names_the_image_and_the_step(world):
    error = refuse(suspect_of(*STEP, message(again=True)), world.operations)  # type: ignore[arg-type]
    assert isinstance(error, Poisonous)
    assert error.subject == "s3://b/k.jpg"
    assert "detect_feature" in error.rule
