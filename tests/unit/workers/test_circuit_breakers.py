"""From which queues a worker takes, as lanes stop and configuration is refused."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from sightline.errors import AccessDenied, Unavailable
from sightline.models.images import Lane
from sightline.services.rejection_breaker import resume
from sightline.services.worker_breaker import LONGEST_PAUSE, OPENS_AFTER, WorkerBreaker
from sightline.storage.pauses import Cause, Stop
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import InMemoryPauses, in_memory_operations
from workers.circuit_breakers import (
    LOOKS_BEFORE_MENDING,
    STOPS_READ_EVERY,
    TOLD_FOR,
    ConsumptionControl,
    QueueSubscriptions,
)

INGEST = ["ingest", "ingest.backfill"]
LABELS = ["labels", "labels.backfill"]


class TakenQueues(QueueSubscriptions):
    """What a worker takes from, in the order in which it goes by them."""

    def __init__(self, queues):
        self.now = list(queues)
        self.changes = 0

    def taken(self):
        return list(self.now)

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


def look_often(worker, times=LOOKS_BEFORE_MENDING):
    for _ in range(times):
        worker.after(timedelta(seconds=1))
    return worker.taken.now


@pytest.mark.parametrize("cancelled", [["labels"], ["labels.backfill"], LABELS])
def test_what_was_cancelled_from_outside_is_taken_again_live_first_and_told(labels, cancelled):
    for queue in cancelled:
        labels.taken.now.remove(queue)
    assert cancelled == labels.keeper.missing()
    assert LABELS == look_often(labels)
    assert ([], [(queue, Cause.CANCELLED) for queue in cancelled]) == (labels.keeper.missing(), labels.told())
    labels.clock.move(TOLD_FOR)
    assert [] == labels.told()


def test_a_change_that_takes_a_moment_is_not_mended(labels):
    labels.taken.now.remove("labels")
    look_often(labels, LOOKS_BEFORE_MENDING - 1)
    assert (["labels.backfill"], []) == (labels.taken.now, labels.told())


@pytest.mark.parametrize("changed", [["labels.backfill", "labels"], [*LABELS, "faces"]])
def test_a_queue_that_was_added_or_moved_from_outside_is_put_right(labels, changed):
    labels.taken.now = changed
    assert (LABELS, []) == (look_often(labels), labels.told())


def test_a_queue_that_sightline_left_itself_is_missed_by_nobody(ingest):
    ingest.stop("ingest")
    ingest.after()
    assert ["ingest.backfill"] == look_often(ingest, 20)
    assert (True, [], 1) == (ingest.keeper.leaves_some, ingest.keeper.missing(), ingest.taken.changes)


def test_a_stopped_lane_that_somebody_takes_from_outside_is_left_again(ingest):
    ingest.stop("ingest")
    ingest.after()
    ingest.taken.now.append("ingest")
    assert ["ingest.backfill"] == look_often(ingest)


def test_what_was_cancelled_is_taken_again_while_the_store_is_away(labels):
    class AwayForWriting(AwayPauses):
        def stop(self, stop):  # noqa: ARG002 - the interface
            raise Unavailable("operations")

    labels.operations = replace(labels.operations, pauses=AwayForWriting(labels.clock))
    labels.keeper = ConsumptionControl(LABELS, labels.taken, labels.worker_breaker, labels.operations, labels.clock)
    labels.taken.now.clear()
    assert LABELS == look_often(labels)


class CeleryConsumer:
    """What Celery's own consumer shows, with the queues that kombu consumes from."""

    def __init__(self, selected, consuming):
        self.app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(selected))))
        self.task_consumer = SimpleNamespace(consuming_from=consuming.__contains__) if consuming is not None else None


@pytest.mark.parametrize(
    ("selected", "consuming", "taken"),
    [
        (LABELS, LABELS, LABELS),
        (LABELS[1:], LABELS[1:], LABELS[1:]),
        (LABELS, LABELS[:1], LABELS[:1]),  # cancelled below Celery's own list
        (LABELS, None, LABELS),  # without a connection: what the next one takes from
    ],
)
def test_what_is_taken_from_is_what_celery_selects_and_kombu_consumes(selected, consuming, taken):
    assert taken == QueueSubscriptions(CeleryConsumer(selected, consuming)).taken()
