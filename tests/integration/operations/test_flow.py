"""Beginnings of steps, stopped queues and outcomes: what is known of how work flows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.storage.attempts import BEGINNINGS_LAST
from sightline.storage.pauses import OUTCOMES_KEPT, Cause, Outcome, Stop
from tests.integration.operations.stories import LONG_KEY, MINUTE, SECOND


def test_beginnings_add_up_until_the_step_ends(operations, clock):
    operations.attempts.begin("detect#a", "1/x")
    first = clock.now
    clock.move(MINUTE)
    operations.attempts.begin("detect#a", "2/y")
    operations.attempts.begin("detect#b", "3/z")
    assert {"1/x": first, "2/y": clock.now} == operations.attempts.begun("detect#a")
    operations.attempts.end("detect#a")
    assert ({}, {"3/z": clock.now}) == (operations.attempts.begun("detect#a"), operations.attempts.begun("detect#b"))
    operations.attempts.end("detect#a")


def test_a_beginning_is_forgotten_after_a_day(operations, clock):
    operations.attempts.begin("a", "1")
    clock.move(BEGINNINGS_LAST - SECOND)
    assert ["1"] == list(operations.attempts.begun("a"))
    clock.move(SECOND)
    assert {} == operations.attempts.begun("a")


@pytest.mark.parametrize("name", [LONG_KEY, "é" * 700, "\ud800 alone", "a\nb 😀"], ids=lambda name: ascii(name[:10]))
def test_any_text_names_a_step(operations, name):
    operations.attempts.begin(name, "1")
    assert ["1"] == list(operations.attempts.begun(name))
    operations.attempts.end(name)
    assert {} == operations.attempts.begun(name)


def test_a_stop_stands_until_it_is_resumed_and_keeps_its_time(operations, clock):
    stop = Stop("ingest", Cause.BRAKE, "half of them", clock.now)
    operations.pauses.stop(stop)
    clock.move(MINUTE)
    operations.pauses.stop(replace(stop, reason="most of them", at=clock.now))
    assert [replace(stop, reason="most of them")] == list(operations.pauses.stops())
    assert [True, False] == [operations.pauses.resume("ingest", Cause.BRAKE) for _ in range(2)]
    assert [] == list(operations.pauses.stops())


def test_a_queue_may_be_stopped_for_two_causes(operations, clock):
    rejection_breaker = Stop("ingest", Cause.BRAKE, "bad pictures", clock.now)
    refused = Stop("ingest", Cause.REFUSED, "no permission", clock.now, clock.now + MINUTE)
    for stop in (rejection_breaker, refused):
        operations.pauses.stop(stop)
    assert [rejection_breaker, refused] == list(operations.pauses.stops())
    operations.pauses.resume("ingest", Cause.REFUSED)
    assert [rejection_breaker] == list(operations.pauses.stops())


def test_a_stop_that_nobody_says_again_is_forgotten(operations, clock):
    stop = Stop("labels", Cause.REFUSED, "no permission", clock.now, clock.now + MINUTE)
    operations.pauses.stop(stop)
    operations.pauses.stop(replace(stop, until=clock.now + 2 * MINUTE))
    clock.move(2 * MINUTE - SECOND)
    assert 1 == len(list(operations.pauses.stops()))
    clock.move(SECOND)
    assert [] == list(operations.pauses.stops())


def outcome(image: str, error: str = "", camera: str = "yard", version: int = 1) -> Outcome:
    return Outcome.of(image, camera, version, error)


def test_only_the_last_outcomes_are_kept_and_of_each_image_one(operations):
    pauses = operations.pauses
    first, second = outcome("a", "NotAnImage"), outcome("b")
    assert (first, second) == pauses.note_outcomes("live", [first, second])
    assert (second,) == pauses.note_outcomes("backfill", [second])
    mended = outcome("a", version=2)
    assert (second, mended) == pauses.note_outcomes("live", [mended])
    many = [outcome(f"{n}", "EmptyImage") for n in range(OUTCOMES_KEPT)]
    assert tuple(many) == pauses.note_outcomes("live", many)
    pauses.forget_outcomes("live")
    assert (first,) == pauses.note_outcomes("live", [first])


def test_of_one_camera_no_more_than_a_few_are_kept_if_so_asked(operations):
    many = [outcome(f"{n}") for n in range(30)]
    other = outcome("x", camera="gate")
    assert (*many[-20:], other) == operations.pauses.note_outcomes("live", [*many, other], most_of_a_group=20)


@pytest.mark.parametrize("camera", ["yard", "", "a camera", "庭", LONG_KEY])
def test_a_camera_is_stopped_beside_its_queue_and_resumed_alone(operations, clock, camera):
    lane = Stop("ingest", Cause.BRAKE, "rubbish", clock.now)
    stop = replace(lane, cause=Cause.CAMERA, camera=camera)
    for each in (lane, stop):
        operations.pauses.stop(each)
    assert [lane, stop] == list(operations.pauses.stops())
    operations.pauses.note_outcomes(f"live#{camera}", [outcome("a")])
    operations.pauses.forget_outcomes(f"live#{camera}")
    assert () == operations.pauses.note_outcomes(f"live#{camera}", [])
    assert [True, False] == [operations.pauses.resume("ingest", Cause.CAMERA, camera) for _ in range(2)]
    assert [lane] == list(operations.pauses.stops())


def test_outcomes_that_processes_note_at_once_are_all_kept(operations):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: operations.pauses.note_outcomes("live", [outcome(f"{n}")]), range(8)))
    assert {outcome(f"{n}") for n in range(8)} == set(operations.pauses.note_outcomes("live", []))


def test_a_stop_may_be_longer_ago_than_any_lease(operations, clock):
    operations.pauses.stop(Stop("ingest", Cause.BRAKE, "x", clock.now))
    clock.move(timedelta(days=4000))
    assert 1 == len(list(operations.pauses.stops()))
