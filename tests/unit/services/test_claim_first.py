"""A claim before a slot: what a step that waits under its claim owes to others, and how calls leave after a hang."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest

from sightline.errors import BucketWaits, LeaseHeld, SlotRefused, Unavailable
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.steps import detect_step
from sightline.ratelimit.fallback import InMemoryLimiter
from sightline.rekognition.features import feature_named
from sightline.storage.ledger.protocol import Status
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import PERSON, FakeSightline, PassingEvent, picture, uri_of
from sightline.timing import CALL_BEGINS_WITHIN, SLOT_LATE, SLOT_PATIENCE_UNDER_CLAIM
from tests.unit.services.threads_in_turn import ClockOfThreads

URI, TWIN = uri_of("01"), uri_of("02", camera="gate")
OPERATION = feature_named("labels").operation
QUOTA = 5.0


def waiting_world(*uris: str, clock: MovingClock | None = None) -> FakeSightline:
    """Give a world in which images wait for their one analysis, at a low quota."""
    world = FakeSightline(clock or MovingClock(), features=("labels",))
    world.limiter = InMemoryLimiter(world.clock, {OPERATION: QUOTA})
    world.services = world.make_services(world.plan)
    for shade, uri in enumerate(uris):
        world.put(uri, picture(0 if uri in {URI, TWIN} else shade, (80, 80), "PNG"))
    world.add(*uris)
    for _ in uris:
        world.do(world.sent.popleft())
    return world


def entry(world: FakeSightline):
    return world.ledger.get(world.images.get(URI).wanted["labels"])


def book_all(world: FakeSightline) -> None:
    """Let nothing be booked for more than a minute."""
    world.limiter.override(OPERATION, 0.01, "a test")
    assert world.limiter.reserve(OPERATION, Lane.LIVE).is_booked


def test_what_is_settled_takes_one_request_and_no_slot():
    world = waiting_world(URI, TWIN)
    world.do(world.sent.popleft())
    book_all(world)
    world.run()
    assert [("labels", URI)] == world.detector.asked
    assert {State.COMPLETE} == {world.images.get(uri).state for uri in (URI, TWIN)}


def test_a_step_without_a_slot_gives_its_claim_back_and_nothing_counts_as_maybe_billed():
    world = waiting_world(URI, TWIN)
    book_all(world)
    begun = world.clock.now
    with pytest.raises(SlotRefused):
        world.do(world.sent[0])
    assert begun + SLOT_PATIENCE_UNDER_CLAIM == world.clock.now
    assert (Status.RELEASED, 1, 0) == (entry(world).status, entry(world).attempts, entry(world).unknown_attempts)
    assert [] == world.detector.asked


def stopped_while_it_waits(world: FakeSightline) -> None:
    """Stop the process in the middle of its wait for a slot."""

    class Stopped(PassingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    stopping = world.services.stopping
    object.__setattr__(world.services.payer, "stopping", Stopped(world.clock))
    with pytest.raises(SlotRefused, match="to stop"):
        world.do(world.sent[0])
    object.__setattr__(world.services.payer, "stopping", stopping)


def test_a_process_that_is_told_to_stop_frees_the_content_at_once():
    world = waiting_world(URI, TWIN)
    world.limiter.hold(OPERATION, 1.0)
    stopped_while_it_waits(world)
    assert (Status.RELEASED, 0) == (entry(world).status, entry(world).unknown_attempts)
    world.do(world.sent[1])  # another image with the same bytes: it need not wait
    assert (2, 0, True) == (entry(world).attempts, entry(world).unknown_attempts, entry(world).is_settled)


@pytest.mark.parametrize("error", [Unavailable("S3"), BucketWaits("b"), KeyError("a defect of ours")], ids=repr)
def test_whatever_fails_between_claim_and_call_gives_the_claim_back(error):
    world = waiting_world(URI)

    class Refuses:
        def reserve(self, *_: object) -> None:
            raise error

    object.__setattr__(world.services.payer, "limiter", Refuses())
    with pytest.raises(type(error)):
        world.do(world.sent[0])
    assert (Status.RELEASED, 0) == (entry(world).status, entry(world).unknown_attempts)
    assert [] == world.detector.asked


class SlowToAnswer:
    """A limiter in front of which the process stands still, once."""

    def __init__(self, world: FakeSightline, stands_still: timedelta) -> None:
        self._world, self._stands_still = world, stands_still
        self.booked = 0

    def reserve(self, operation: str, lane: Lane):
        slot = self._world.limiter.reserve(operation, lane)
        self.booked += slot.is_booked
        return slot

    def oversleep(self, timeout: float | None) -> float:
        late, self._stands_still = self._stands_still, timedelta(0)
        return (timeout or 0) + late.total_seconds()


@pytest.mark.parametrize(("late", "booked"), [(timedelta(0), 1), (SLOT_LATE, 1), (SLOT_LATE * 1.1, 2)], ids=str)
def test_a_slot_more_than_half_a_second_late_is_booked_again(late, booked):
    world = waiting_world(URI)
    limiter = SlowToAnswer(world, late)

    class Oversleeps(PassingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(limiter.oversleep(timeout))

    object.__setattr__(world.services.payer, "limiter", limiter)
    object.__setattr__(world.services.payer, "stopping", Oversleeps(world.clock))
    world.do(world.sent[0])
    assert (booked, 1, True) == (limiter.booked, entry(world).attempts, entry(world).is_settled)


def test_late_slots_are_booked_again_only_while_the_claim_allows_a_call():
    world = waiting_world(URI)

    class Starved(PassingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait((timeout or 0) + 3)

    begun = world.clock.now
    object.__setattr__(world.services.payer, "stopping", Starved(world.clock))
    with pytest.raises(SlotRefused):
        world.do(world.sent[0])
    assert world.clock.now - begun < CALL_BEGINS_WITHIN
    assert (Status.RELEASED, 0) == (entry(world).status, entry(world).unknown_attempts)


# --- many threads on one clock ----------------------------------------------------------------------------------------


def worker(world: FakeSightline, uris: "count[int]", until: datetime, names: list[str]) -> Callable[[], None]:
    """Take messages as one thread of a worker does: what gets no slot comes back after a second."""

    def work() -> None:
        while world.clock.now < until:
            step = detect_step(names[next(uris) % len(names)], "labels", Lane.LIVE)
            while world.clock.now < until:
                try:
                    world.do(step)
                    break
                except (SlotRefused, LeaseHeld):
                    world.clock.move(timedelta(seconds=1))

    return work


def calls_of_threads(threads: int, seconds: float, frozen: tuple[float, float] | None = None) -> list[float]:
    """Run so many threads at a quota of 5/s; give when each call left, in seconds from the start."""
    clock = ClockOfThreads()
    names = [uri_of(f"{n:04}") for n in range(int(QUOTA * seconds) + 2 * threads)]
    world = waiting_world(*names, clock=clock)
    begun, left_at = clock.now, list[float]()

    def answer() -> Answer:
        left_at.append((clock.now - begun).total_seconds())
        clock.move(timedelta(milliseconds=300))
        return PERSON

    world.detector.script.extend([answer] * len(names))
    if frozen:
        clock.frozen = begun + timedelta(seconds=frozen[0]), begun + timedelta(seconds=frozen[1])
    numbers = count()
    clock.run([worker(world, numbers, begun + timedelta(seconds=seconds), names) for _ in range(threads)])
    entries = list(world.ledger.scan())
    assert 0 == sum(each.unknown_attempts for each in entries)
    assert [] == [each for each in entries if each.status is Status.CLAIMED]
    return [at for at in left_at if at < seconds]


def test_at_ten_times_the_quota_the_quota_is_used_and_nothing_counts_as_maybe_billed():
    seconds = 60.0
    calls = calls_of_threads(threads=int(10 * QUOTA), seconds=seconds)
    assert len(calls) >= 0.95 * 0.97 * QUOTA * seconds


def test_after_a_hang_of_four_seconds_no_second_has_more_calls_than_the_quota_and_one():
    calls = calls_of_threads(threads=32, seconds=12, frozen=(3.05, 7.05))
    in_windows = Counter(max(1, sum(at <= each < at + 1 for each in calls)) for at in calls)
    assert max(in_windows) <= QUOTA + 1
    assert len([at for at in calls if at > 7.05]) >= 0.9 * 0.97 * QUOTA * 4
