"""When a camera or a lane stops, what that costs, what waits meanwhile, and how it goes on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import Throttled, Unavailable
from sightline.models.images import ImageRow, Lane, Rejection, State
from sightline.queues.steps import ingest_step
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.services.reconcile import LONGEST_PAUSE_OF_THE_BLAMELESS, reconcile, reconciler_of
from sightline.services.rejection_breaker import (
    GATHER_SECONDS,
    MANY,
    MOST_OF_A_CAMERA,
    NO_CAMERA,
    STOPS_READ_EVERY,
    TAKEN,
    Group,
    RejectionBreaker,
    reason_to_stop,
    reason_to_stop_all,
    resume,
    stopped_groups,
)
from sightline.services.stopped_cameras import resume_cameras
from sightline.storage.pauses import OUTCOMES_KEPT, Cause, Outcome, Stop, last_outcomes
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import BUCKET, FakeSightline, picture, uri_of
from sightline.testing.operations import InMemoryPauses, in_memory_operations
from sightline.timing import CHECK_AFTER

BAD = "NotAnImage"
YARD, GATE = Group(Lane.LIVE, "yard"), Group(Lane.LIVE, "gate")
NOBODY = Group(Lane.LIVE, NO_CAMERA)
camera_of = CaptureReader(DEFAULT_KEY_PATTERN, {}, None).camera_of  # type: ignore[arg-type] # no zone is asked for


class CountingPauses(InMemoryPauses):
    """A store that counts what the breaker asks of it, and is away when told."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.asked = 0
        self.is_away = False

    def note_outcomes(self, name: str, outcomes: Sequence[Outcome], **how: int) -> tuple[Outcome, ...]:
        self.asked += 1
        if self.is_away:
            raise Unavailable("operations")
        return super().note_outcomes(name, outcomes, **how)


@pytest.fixture
def operations():
    clock = MovingClock()
    return replace(in_memory_operations(clock), pauses=CountingPauses(clock))


@pytest.fixture
def booked():
    return []


@pytest.fixture
def breaker(operations, booked):
    def book(seconds, do):
        assert seconds == GATHER_SECONDS
        booked.append(do)

    return RejectionBreaker(operations, MovingClock(), camera_of, book)


def at_once(operations):
    return RejectionBreaker(operations, MovingClock(), camera_of, lambda _, do: do())


def ended(name, error=TAKEN, camera="yard", version=1):
    """Return the row of an image that ended like this."""
    at = MovingClock().now
    rejection = Rejection(error, "x") if error else None
    return ImageRow(uri_of(f"{name}", camera), Lane.LIVE, State.ANALYSING, at, version=version, rejection=rejection)


def outcomes(number, error, camera="yard", first=0):
    return [Outcome.of(uri_of(f"{n}", camera), camera, 1, error) for n in range(first, first + number)]


def stopped(operations):
    return [(each.queue, each.cause, each.camera) for each in operations.pauses.stops()]


def kept(operations, name):
    return [each.error for each in operations.pauses.note_outcomes(name, [])]


@pytest.fixture
def world():
    return FakeSightline()


def announce(world, *uris, lane=Lane.LIVE):
    """Tell of objects as S3 events do, and let the workers do what can be done now."""
    world.send(ingest_step(uri, lane) for uri in uris)
    world.run_now()


def put_bad(world, number, camera="yard", first=0):
    uris = [uri_of(f"bad-{n}", camera) for n in range(first, first + number)]
    for uri in uris:
        world.put(uri, b"no picture")
    return uris


def put_good(world, number, camera="yard", first=0):
    uris = [uri_of(f"good-{n}", camera) for n in range(first, first + number)]
    for n, uri in enumerate(uris, first):
        world.put(uri, picture(n))
    return uris


def states(world, uris):
    return {row.state for row in world.images.get_many(uris).values()}


def letters(world):
    return [(each.error, each.image_id) for each in world.operations.dead_letters.read()]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (outcomes(100, BAD) + outcomes(100, TAKEN, first=100), None),
        (outcomes(101, BAD) + outcomes(99, TAKEN, first=101), BAD),
        (outcomes(60, BAD) + outcomes(41, "EmptyImage", first=60) + outcomes(99, TAKEN, first=101), BAD),
        (outcomes(51, BAD) + outcomes(49, "EmptyImage", first=51) + outcomes(100, TAKEN, first=100), None),
        (outcomes(200, TAKEN), None),
        (outcomes(100, BAD), None),
        ([], None),
    ],
)
def test_more_than_half_of_two_hundred_images_for_whatever_reasons_stop_a_camera(last, reason):
    assert reason == reason_to_stop(last)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (outcomes(181, BAD), BAD),
        (outcomes(100, BAD) + outcomes(81, "EmptyImage", first=100), BAD),
        (outcomes(180, BAD), None),
        (outcomes(150, BAD) + outcomes(50, TAKEN, first=150), None),
        ([], None),
    ],
)
def test_more_than_nine_tenths_for_whatever_reasons_stop_all(last, reason):
    assert reason == reason_to_stop_all(last)


def test_an_image_counts_once_and_as_it_ended_last():
    known = outcomes(3, BAD)
    mended = Outcome.of(uri_of("1"), "yard", 2, TAKEN)
    assert [known[0], known[2], mended] == [*last_outcomes(known, [mended], OUTCOMES_KEPT)]
    assert 3 == len(last_outcomes(known, known, OUTCOMES_KEPT))


def test_an_outcome_that_another_process_adds_too_late_does_not_replace_the_newer_one():
    mended = Outcome.of(uri_of("1"), "yard", 2, TAKEN)
    assert (mended,) == last_outcomes([mended], [Outcome.of(uri_of("1"), "yard", 1, BAD)], OUTCOMES_KEPT)


def test_over_all_the_last_images_of_one_camera_are_a_few():
    many = outcomes(300, BAD) + outcomes(5, TAKEN, camera="gate")
    last = last_outcomes([], many, MOST_OF_A_CAMERA)
    assert [BAD] * MOST_OF_A_CAMERA + [TAKEN] * 5 == [each.error for each in last]
    assert OUTCOMES_KEPT == len(last_outcomes([], many, OUTCOMES_KEPT))


def test_an_outcome_is_read_as_it_was_written():
    for outcome in (Outcome.of("s3://a/b c", "a camera", 7, BAD), Outcome.of("", "", 0, TAKEN)):
        assert outcome == Outcome.parse(str(outcome))


def test_images_that_are_taken_cost_two_requests_for_fifty(breaker, operations, booked):
    for number in range(MANY - 1):
        breaker.count(ended(number), Lane.LIVE)
    assert [] == booked
    breaker.count(ended("x"), Lane.LIVE)
    breaker.count(ended("y"), Lane.LIVE)
    assert 1 == len(booked)
    booked.pop()()
    assert (2, [TAKEN] * MOST_OF_A_CAMERA) == (operations.pauses.asked, kept(operations, "live"))
    assert [TAKEN] * (MANY + 1) == kept(operations, YARD.outcomes_id)


def test_images_of_many_cameras_that_are_taken_cost_no_request_each(breaker, operations, booked):
    for number in range(MANY):
        breaker.count(ended(number, camera=f"camera-{number}"), Lane.LIVE)
    booked.pop()()
    assert 1 == operations.pauses.asked


def test_an_image_that_replaces_a_rejected_one_is_told_at_once(breaker, operations, booked):
    breaker.count(ended("a", BAD), Lane.LIVE)
    booked.pop()()
    breaker.count(ended("a", TAKEN, version=2), Lane.LIVE, is_replaced=True)
    booked.pop()()
    assert [TAKEN] == kept(operations, YARD.outcomes_id) == kept(operations, "live")


def test_rejected_images_of_a_second_are_looked_at_together(breaker, operations, booked):
    for number in range(101):
        breaker.count(ended(number, BAD), Lane.BACKFILL)
    assert (1, []) == (len(booked), stopped(operations))
    booked.pop()()
    assert [("ingest.backfill", Cause.CAMERA, "yard")] == stopped(operations)
    reason = next(operations.pauses.stops()).reason
    assert BAD in reason
    assert "sightline resume --camera yard" in reason


def test_the_other_lane_and_other_cameras_go_on(breaker, operations):
    for number in range(150):
        breaker.count(ended(number, BAD), Lane.BACKFILL)
        breaker.count(ended(number, TAKEN), Lane.LIVE)
        breaker.count(ended(number, TAKEN, "gate"), Lane.BACKFILL)
    breaker.look()
    assert {Group(Lane.BACKFILL, "yard")} == stopped_groups(operations)


def test_processes_share_the_last_images_of_a_camera(operations):
    breakers = [at_once(operations) for _ in range(3)]
    for number in range(101):
        breakers[number % 3].count(ended(number, BAD), Lane.LIVE)
    assert {YARD} == stopped_groups(operations)


def test_the_same_bad_image_a_thousand_times_stops_nobody(operations):
    breaker = at_once(operations)
    for version in range(1000):
        breaker.count(ended("same", BAD, version=version // 2), Lane.LIVE)
    assert [] == stopped(operations)


def test_a_store_that_is_away_holds_nobody_up(breaker, operations, booked):
    operations.pauses.is_away = True
    breaker.count(ended("a", BAD), Lane.LIVE)
    booked.pop()()
    operations.pauses.is_away = False
    breaker.count(ended("b", BAD), Lane.LIVE)
    booked.pop()()
    assert [BAD] == kept(operations, YARD.outcomes_id)


def test_one_cameras_rubbish_does_not_stop_another_cameras_images(world):
    announce(world, *put_bad(world, 150))
    good = put_good(world, 20, "gate")
    announce(world, *good)
    assert {State.COMPLETE} == states(world, good)
    assert [("ingest", Cause.CAMERA, "yard")] == stopped(world.operations)
    assert 101 == len(letters(world))


def test_a_bucket_of_nothing_but_rubbish_in_many_folders_stops_its_lane(world):
    uris = [uri for n in range(300) for uri in put_bad(world, 1, f"folder-{n}")]
    sent = 0
    while sent < len(uris) and not stopped(world.operations):
        announce(world, uris[sent], lane=Lane.BACKFILL)
        sent += 1
    assert (181, [("ingest.backfill", Cause.BRAKE, None)]) == (sent, stopped(world.operations))
    assert "sightline resume backfill" in next(world.operations.pauses.stops()).reason


def test_a_good_camera_among_much_rubbish_keeps_its_lane(world):
    for n in range(40):
        announce(world, *put_bad(world, 6, f"folder-{n}"), *put_good(world, 1, first=n))
    assert [] == stopped(world.operations)


def test_keys_without_a_camera_are_one_group(world):
    for n in range(150):
        world.put(f"s3://{BUCKET}/{n}.jpg", picture(n))
        announce(world, f"s3://{BUCKET}/{n}.jpg")
    assert [("ingest", Cause.CAMERA, NO_CAMERA)] == stopped(world.operations)
    assert "sightline resume --no-camera" in next(world.operations.pauses.stops()).reason
    good = put_good(world, 2)
    announce(world, *good)
    assert {State.COMPLETE} == states(world, good)


def test_empty_and_then_whole_files_in_threes_stop_nobody(world):
    others: list[str] = []
    for first in range(0, 240, 3):
        uris = [uri_of(f"{n}") for n in range(first, first + 3)]
        for uri in uris:
            world.put(uri, b"")
            announce(world, uri)
        for n, uri in enumerate(uris, first):
            world.put(uri, picture(n))
            announce(world, uri)
        other = put_good(world, 1, "gate", first=first)
        announce(world, *other)
        others += other
    world.run()
    assert ([], []) == (stopped(world.operations), letters(world))
    assert {State.COMPLETE} == states(world, [uri_of(f"{n}") for n in range(240)]) == states(world, others)


def test_damaged_and_then_whole_files_in_threes_stop_nobody_and_their_letters_close(world):
    for first in range(0, 240, 3):
        uris = [uri_of(f"{n}") for n in range(first, first + 3)]
        for n, uri in enumerate(uris, first):
            world.put(uri, picture(n)[:-200])
            announce(world, uri)
        for n, uri in enumerate(uris, first):
            world.put(uri, picture(n))
            announce(world, uri)
    assert ([], []) == (stopped(world.operations), letters(world))
    assert {State.COMPLETE} == states(world, [uri_of(f"{n}") for n in range(240)])


def test_messages_that_come_twice_or_late_count_no_image_twice(world):
    bad = put_bad(world, 60)
    for _ in range(5):
        announce(world, *bad)
    good = put_good(world, 5)
    announce(world, *good)
    announce(world, *bad, *good)
    assert [] == stopped(world.operations)
    assert {State.COMPLETE} == states(world, good)


@pytest.fixture
def yard(world):
    """Let the camera yard stop."""
    announce(world, *put_bad(world, 101))
    assert {YARD} == stopped_groups(world.operations)
    return world


def test_the_messages_of_a_stopped_camera_are_done_at_once_and_their_rows_remain(yard):
    good = put_good(yard, 30)
    announce(yard, *good)
    assert (0, 0) == (len(yard.sent), len(yard.detector.asked))
    assert {State.RECEIVED} == states(yard, good)


def test_a_resumed_camera_goes_on_with_what_came_meanwhile(yard):
    good = put_good(yard, 30)
    announce(yard, *good[:20])
    yard.add(*good[20:])
    yard.run_now()
    assert {YARD: True} == resume_cameras([YARD], yard.services, yard.send)
    assert sorted(good) == sorted(step.args[0] for step in yard.sent)
    yard.run()
    assert {State.COMPLETE} == states(yard, good)
    assert [] == stopped(yard.operations)


def test_a_rejected_image_that_is_replaced_while_its_camera_is_stopped_is_read_at_once(yard):
    uri = uri_of("bad-7")
    yard.put(uri, picture())
    announce(yard, uri)
    assert State.COMPLETE is yard.images.get(uri).state
    assert ("NotAnImage", uri) not in letters(yard)


def test_a_rejected_image_whose_message_comes_again_stays_rejected(yard):
    announce(yard, uri_of("bad-7"))
    assert State.REJECTED is yard.images.get(uri_of("bad-7")).state
    assert {YARD} == stopped_groups(yard.operations)


def test_a_camera_whose_rejected_images_were_replaced_goes_on_by_itself(yard):
    good = put_good(yard, 3)
    announce(yard, *good)
    for n in range(50):
        yard.put(uri_of(f"bad-{n}"), picture(n))
        announce(yard, uri_of(f"bad-{n}"))
    assert {YARD} == stopped_groups(yard.operations)
    yard.put(uri_of("bad-50"), picture(50))
    announce(yard, uri_of("bad-50"))
    assert set() == stopped_groups(yard.operations)
    yard.clock.move(LONGEST_PAUSE_OF_THE_BLAMELESS)
    reconcile(reconciler_of(yard.services, yard.send), lambda: True)
    yard.run()
    assert {State.COMPLETE} == states(yard, good)


def test_three_hundred_damaged_files_that_are_written_whole_afterwards_all_arrive(world):
    uris = [uri_of(f"{n}") for n in range(300)]
    for n, uri in enumerate(uris):
        world.put(uri, picture(n)[:-200])
        announce(world, uri)
    assert {YARD} == stopped_groups(world.operations)
    for n, uri in enumerate(uris):
        world.put(uri, picture(n))
        announce(world, uri)
    world.clock.move(LONGEST_PAUSE_OF_THE_BLAMELESS)
    reconcile(reconciler_of(world.services, world.send), lambda: True)
    world.run()
    assert ({State.COMPLETE}, []) == (states(world, uris), letters(world))
    assert [] == stopped(world.operations)


def test_an_image_that_was_good_before_is_looked_at_when_it_is_overwritten(world):
    (uri,) = put_good(world, 1)
    announce(world, uri)
    announce(world, *put_bad(world, 101))
    assert {YARD} == stopped_groups(world.operations)
    world.put(uri, picture(77))
    announce(world, uri)
    assert 2 * len(world.features) == len(world.detector.asked)


def test_the_reconciler_sends_nothing_of_a_stopped_camera_and_all_of_it_afterwards(yard):
    good = put_good(yard, 3)
    other = put_good(yard, 1, "gate")
    announce(yard, *good)
    yard.add(*other)
    yard.sent.clear()
    yard.clock.move(CHECK_AFTER + timedelta(seconds=1))
    reconciler = reconciler_of(yard.services, yard.send)
    done = reconcile(reconciler, lambda: True)
    assert (3, other) == (done["held"], [step.args[0] for step in yard.sent])
    yard.sent.clear()
    yard.operations.pauses.resume("ingest", Cause.CAMERA, "yard")
    yard.clock.move(LONGEST_PAUSE_OF_THE_BLAMELESS + timedelta(seconds=1))
    reconcile(reconciler, lambda: True)
    assert set(good) < {step.args[0] for step in yard.sent}


def test_a_camera_that_was_resumed_elsewhere_loses_no_message(yard):
    yard.operations.pauses.resume("ingest", Cause.CAMERA, "yard")
    good = put_good(yard, 1)
    announce(yard, *good)
    assert {State.COMPLETE} == states(yard, good)


def test_a_camera_that_was_stopped_elsewhere_is_noticed_within_seconds(world):
    announce(world, *put_good(world, 1))
    world.operations.pauses.stop(Stop("ingest", Cause.CAMERA, "all bad", world.clock.now, camera="yard"))
    world.clock.move(STOPS_READ_EVERY)
    waiting = put_good(world, 2, first=1)
    announce(world, *waiting)
    assert {State.RECEIVED} == states(world, waiting)


def test_a_resumed_camera_begins_a_new_count_and_stops_again_if_nothing_was_mended(yard):
    resume_cameras([YARD], yard.services, yard.send)
    announce(yard, *put_bad(yard, 100, first=1000))
    assert set() == stopped_groups(yard.operations)
    announce(yard, *put_bad(yard, 1, first=2000))
    assert {YARD} == stopped_groups(yard.operations)
    assert {GATE: False} == resume_cameras([GATE], yard.services, yard.send)


def test_a_lane_that_an_older_version_stopped_is_resumed_as_before(operations):
    operations.pauses.stop(Stop("ingest", Cause.BRAKE, "all bad", MovingClock().now))
    assert set() == stopped_groups(operations)
    assert resume(Lane.LIVE, operations)
    assert not resume(Lane.LIVE, operations)


def test_a_throttle_and_a_server_that_is_away_are_never_counted_as_bad_images(world):
    world.detector.script.extend([Throttled("x"), Unavailable("x")] * 100)
    for number in range(10):
        uri = uri_of(f"{number}")
        world.put(uri, picture(number))
        world.add(uri)
    for step in list(world.sent):
        world.do(step)
    assert {TAKEN} >= set(kept(world.operations, "live"))
    assert [] == letters(world)
