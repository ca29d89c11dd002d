from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread, current_thread

import pytest

from sightline.errors import Unavailable
from sightline.services.usage import FLUSH_EVERY_SECONDS, KEPT_DAYS, CallCounter, in_a_thread
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import InMemoryUsage, in_memory_operations

DAY = timedelta(days=1)


class FailingUsage(InMemoryUsage):
    """A store that is away as often as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.writes = 0

    def count(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        self.writes += 1
        if self.failures:
            self.failures -= 1
            raise Unavailable("operations")
        super().count(day, counts)


class HandSchedule:
    """Collects what is to be done later, for the test to do it."""

    def __init__(self) -> None:
        self.booked: list[Callable[[], None]] = []

    def __call__(self, seconds: float, do: Callable[[], None]) -> None:
        assert seconds in {0, FLUSH_EVERY_SECONDS}
        self.booked.append(do)

    def the_time_passes(self) -> None:
        due, self.booked = self.booked, []
        for do in due:
            do()


class Counting:
    """A counter with a clock, a schedule and a store that the test commands."""

    def __init__(self) -> None:
        self.clock = MovingClock()
        self.schedule = HandSchedule()
        self.usage = FailingUsage()
        self.operations = replace(in_memory_operations(self.clock), usage=self.usage)
        self.counter = CallCounter(self.operations, self.clock, self.schedule)

    def written(self) -> dict[tuple[str, str], int]:
        return self.operations.usage.calls("0000-00-00", "9999-12-31")


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_counts_are_written_together_some_seconds_after_the_first(counting: Counting) -> None:
    counting.counter.count("labels", "answered", 1000)
    counting.counter.count("labels", "answered", 1000)
    counting.counter.count("faces", "throttled")
    assert (0, 1) == (counting.usage.writes, len(counting.schedule.booked))

    counting.schedule.the_time_passes()

    expected = {("labels", "answered"): 2, ("labels", "cost_micro_usd"): 2000, ("faces", "throttled"): 1}
    assert expected == counting.written()
    assert (1, 0) == (counting.usage.writes, len(counting.schedule.booked))


def test_the_next_count_books_the_next_write(counting: Counting) -> None:
    for _ in range(3):
        counting.counter.count("labels", "answered")
        counting.schedule.the_time_passes()

    assert {("labels", "answered"): 3} == counting.written()
    assert counting.usage.writes == 3


def test_a_count_belongs_to_the_utc_day_on_which_it_was_made(counting: Counting) -> None:
    counting.counter.count("labels", "answered")
    first = counting.clock.now.date().isoformat()
    counting.clock.move(DAY)
    counting.counter.count("labels", "answered", 5)
    second = counting.clock.now.date().isoformat()

    counting.counter.flush()

    assert {("labels", "answered"): 1} == counting.operations.usage.calls(first, first)
    assert {("labels", "answered"): 1, ("labels", "cost_micro_usd"): 5} == counting.operations.usage.calls(
        second, second
    )


def test_counts_are_kept_while_the_store_is_away_and_written_when_it_is_back(counting: Counting) -> None:
    counting.usage.failures = 2
    counting.counter.count("labels", "answered")
    counting.schedule.the_time_passes()
    counting.counter.count("labels", "answered")
    counting.schedule.the_time_passes()
    assert {} == counting.written()

    counting.schedule.the_time_passes()

    assert {("labels", "answered"): 2} == counting.written()


def test_what_is_counted_after_that_is_written_as_well(counting: Counting) -> None:
    counting.counter.count("labels", "answered")
    counting.counter.flush_soon()
    counting.schedule.the_time_passes()
    counting.counter.count("labels", "answered")
    counting.counter.flush()
    assert {("labels", "answered"): 2} == counting.written()


def test_a_failure_between_two_days_counts_neither_twice(counting: Counting) -> None:
    counting.counter.count("labels", "answered")
    counting.clock.move(DAY)
    counting.counter.count("labels", "answered")
    counting.usage.failures = 1
    with pytest.raises(Unavailable):
        counting.counter.flush()

    counting.counter.flush()
    counting.counter.flush()

    assert {("labels", "answered"): 2} == counting.written()


def test_a_flush_of_nothing_writes_nothing(counting: Counting) -> None:
    counting.counter.flush()

    assert counting.usage.writes == 0


def test_counts_of_more_days_than_are_kept_lose_the_oldest(counting: Counting) -> None:
    counting.usage.failures = 1000
    for _ in range(KEPT_DAYS + 3):
        counting.counter.count("labels", "answered")
        counting.clock.move(DAY)
        counting.schedule.the_time_passes()
    counting.usage.failures = 0

    counting.counter.flush()

    assert {("labels", "answered"): KEPT_DAYS} == counting.written()


def test_counts_of_many_threads_while_it_is_flushed_are_all_there(counting: Counting) -> None:
    def work() -> None:
        for n in range(200):
            counting.counter.count("labels", "answered", 1)
            if n % 10 == 0:
                counting.counter.flush()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.counter.flush()

    assert {("labels", "answered"): 1600, ("labels", "cost_micro_usd"): 1600} == counting.written()


def test_what_is_booked_happens_in_a_thread_that_keeps_no_process_alive() -> None:
    done = Event()
    threads: list[Thread] = []

    def note() -> None:
        threads.append(current_thread())
        done.set()

    in_a_thread(0, note)

    assert done.wait(30)
    assert threads[0].daemon
