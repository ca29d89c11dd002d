"""When a lane stops, what that costs, and how it goes on."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sightline.errors import Throttled, Unavailable
from sightline.models.images import Lane
from sightline.services.rejection_breaker import GATHER_SECONDS, MANY, TAKEN, RejectionBreaker, reason_to_stop, resume
from sightline.storage.pauses import Cause
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.operations import InMemoryPauses, in_memory_operations

BAD = "NotAnImage"


class CountingPauses(InMemoryPauses):
    """A store that counts what the brake asks of it, and is away when told."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.asked = 0
        self.is_away = False

    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        self.asked += 1
        if self.is_away:
            raise Unavailable("operations")
        return super().note_outcomes(lane, outcomes)


@pytest.fixture
def operations():
    clock = MovingClock()
    return replace(in_memory_operations(clock), pauses=CountingPauses(clock))


@pytest.fixture
def booked():
    return []


@pytest.fixture
def rejection_breaker(operations, booked):
    def book(seconds, do):
        assert seconds == GATHER_SECONDS
        booked.append(do)

    return RejectionBreaker(operations, MovingClock(), book)


def stopped(operations):
    return [(each.queue, each.cause) for each in operations.pauses.stops()]


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([BAD] * 100 + [TAKEN] * 100, None),
        ([BAD] * 101 + [TAKEN] * 99, BAD),
        ([BAD] * 100 + ["EmptyImage"] * 100, None),
        ([TAKEN] * 200, None),
        ([BAD] * 100, None),
        ([], None),
    ],
)
def test_more_than_half_of_two_hundred_for_the_same_reason_stop_a_lane(outcomes, reason):
    assert reason == reason_to_stop(outcomes)


def test_images_that_are_taken_cost_one_request_for_fifty(rejection_breaker, operations, booked):
    for _ in range(MANY - 1):
        rejection_breaker.count(Lane.LIVE, TAKEN)
    assert [] == booked
    rejection_breaker.count(Lane.LIVE, TAKEN)
    rejection_breaker.count(Lane.LIVE, TAKEN)
    assert 1 == len(booked)
    booked.pop()()
    assert (1, (TAKEN,) * (MANY + 1)) == (operations.pauses.asked, operations.pauses.note_outcomes("live", []))


def test_rejected_images_of_a_second_are_looked_at_together(rejection_breaker, operations, booked):
    for _ in range(101):
        rejection_breaker.count(Lane.BACKFILL, BAD)
    assert (1, []) == (len(booked), stopped(operations))
    booked.pop()()
    assert [("ingest.backfill", Cause.BRAKE)] == stopped(operations)
    assert BAD in next(operations.pauses.stops()).reason
    assert "sightline resume backfill" in next(operations.pauses.stops()).reason


def test_the_other_lane_goes_on(rejection_breaker, operations):
    for _ in range(150):
        rejection_breaker.count(Lane.BACKFILL, BAD)
        rejection_breaker.count(Lane.LIVE, TAKEN)
    rejection_breaker.look()
    assert [("ingest.backfill", Cause.BRAKE)] == stopped(operations)


def test_processes_share_the_last_images_of_a_lane(operations):
    brakes = [RejectionBreaker(operations, MovingClock(), lambda _, do: do()) for _ in range(3)]
    for n in range(101):
        brakes[n % 3].count(Lane.LIVE, BAD)
    assert [("ingest", Cause.BRAKE)] == stopped(operations)


def test_a_lane_that_is_resumed_begins_anew(rejection_breaker, operations):
    for _ in range(101):
        rejection_breaker.count(Lane.LIVE, BAD)
    rejection_breaker.look()
    assert resume(Lane.LIVE, operations)
    rejection_breaker.count(Lane.LIVE, BAD)
    rejection_breaker.look()
    assert [] == stopped(operations)
    assert not resume(Lane.LIVE, operations)


def test_a_store_that_is_away_holds_nobody_up(rejection_breaker, operations, booked):
    operations.pauses.is_away = True
    rejection_breaker.count(Lane.LIVE, BAD)
    booked.pop()()
    operations.pauses.is_away = False
    rejection_breaker.count(Lane.LIVE, BAD)
    booked.pop()()
    assert (BAD,) == operations.pauses.note_outcomes("live", [])


def test_two_hundred_bad_images_stop_their_lane_and_good_ones_among_them_do_not():
    world = FakeSightline()
    for number in range(202):
        uri = uri_of(f"bad-{number}")
        world.put(uri, b"no picture")
        world.add(uri)
        if number % 2 and number < 100:
            good = uri_of(f"good-{number}")
            world.put(good, picture(number))
            world.add(good)
        world.run()
        if number == 99:
            assert [] == list(world.operations.pauses.stops())
    assert [("ingest", Cause.BRAKE)] == stopped(world.operations)


def test_a_throttle_and_a_server_that_is_away_are_never_counted_as_bad_images():
    world = FakeSightline()
    world.detector.script.extend([Throttled("x"), Unavailable("x")] * 100)
    for number in range(10):
        uri = uri_of(f"{number}")
        world.put(uri, picture(number))
        world.add(uri)
    for step in list(world.sent):
        world.do(step)
    assert {TAKEN} >= set(world.operations.pauses.note_outcomes("live", []))
    assert [] == list(world.operations.dead_letters.read())
