"""From which queues a worker takes, as lanes stop and configuration is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import AccessDenied, Unavailable
from sightline.models.images import Lane
from sightline.services.rejection_breaker import resume
from sightline.services.worker_breaker import LONGEST_PAUSE, OPENS_AFTER, WorkerBreaker
from sightline.storage.pauses import Cause, Stop
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import InMemoryPauses, in_memory_operations
from workers.circuit_breakers import STOPS_READ_EVERY, ConsumptionControl, QueueSubscriptions

INGEST = ["ingest", "ingest.backfill"]
LABELS = ["labels", "labels.backfill"]


class TakenQueues(QueueSubscriptions):
    """What a worker takes from, in the order in which it goes by them."""

    def __init__(self, queues):
        self.now = list(queues)
        self.changes = 0

    def change(self, leave, take):
        for queue in leave:
            self.now.remove(queue)
        self.now += take
        self.changes += len(leave) + len(take)


class AwayPauses(InMemoryPauses):
    """A store that is away when told."""

    is_away = False

    def stops(self):
        if self.is_away:
            raise Unavailable("operations")
        return super().stops()


class Worker:
    """One worker's circuit breaker, its keeper, and the queues that it takes from."""

    def __init__(self, queues):
        self.clock = MovingClock()
        self.operations = replace(in_memory_operations(self.clock), pauses=AwayPauses(self.clock))
        self.worker_breaker = WorkerBreaker(self.clock)
        self.taken = TakenQueues(queues)
        self.keeper = ConsumptionControl(queues, self.taken, self.worker_breaker, self.operations, self.clock)

    def after(self, pause=STOPS_READ_EVERY):
        self.clock.move(pause)
        self.keeper.look()
        return self.taken.now

    def stop(self, queue):
        self.operations.pauses.stop(Stop(queue, Cause.BRAKE, "all bad", self.clock.now))

    def is_refused(self):
        for _ in range(OPENS_AFTER):
            self.worker_breaker.refused(AccessDenied("Rekognition"))

    def told(self):
        return [(each.queue, each.cause) for each in self.operations.pauses.stops()]


@pytest.fixture
def ingest():
    return Worker(INGEST)


@pytest.fixture
def labels():
    return Worker(LABELS)


def test_while_nothing_is_wrong_nothing_is_asked_of_celery(ingest):
    assert INGEST == ingest.after()
    assert 0 == ingest.taken.changes


def test_a_stopped_lane_is_left_and_the_other_is_not_touched(ingest):
    ingest.stop("ingest.backfill")
    assert ["ingest"] == ingest.after()
    assert 1 == ingest.taken.changes


def test_a_resumed_lane_is_taken_again_and_live_goes_first(ingest):
    ingest.stop("ingest")
    assert ["ingest.backfill"] == ingest.after()
    resume(Lane.LIVE, ingest.operations)
    assert INGEST == ingest.after()


def test_only_ingest_has_lanes_to_stop(labels):
    labels.stop("labels")
    assert LABELS == labels.after()


def test_a_refused_worker_leaves_all_its_queues_says_so_and_tries_again(labels):
    labels.is_refused()
    labels.keeper.look()
    assert [] == labels.taken.now
    assert [("labels", Cause.REFUSED), ("labels.backfill", Cause.REFUSED)] == labels.told()
    assert LABELS == labels.after(LONGEST_PAUSE)
    assert 2 == len(labels.told())


def test_a_worker_that_is_refused_no_more_takes_all_and_says_nothing(labels):
    labels.is_refused()
    labels.keeper.look()
    labels.worker_breaker.worked()
    assert LABELS == labels.after(timedelta(0))
    assert [] == labels.told()


def test_a_worker_that_stays_refused_goes_on_saying_so(labels):
    for _ in range(20):
        labels.is_refused()
        labels.after(LONGEST_PAUSE)
        assert 2 == len(labels.told())


def test_a_refused_worker_that_died_is_forgotten(labels):
    labels.is_refused()
    labels.keeper.look()
    labels.clock.move(timedelta(minutes=3))
    assert [] == labels.told()


def test_while_the_store_is_away_a_stopped_lane_stays_stopped(ingest):
    ingest.stop("ingest")
    ingest.after()
    ingest.operations.pauses.is_away = True
    assert ["ingest.backfill"] == ingest.after()
