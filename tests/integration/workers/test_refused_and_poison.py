"""A real worker over a real broker: what it does while it is refused, with poison, and with failures of an image."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import redis
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker, test_worker_started

from dev.stack.waiting import wait_until
from sightline.errors import AccessDenied
from sightline.models.images import Lane, State
from sightline.queues.publishing import publish, publish_again
from sightline.queues.redis import RedisQueues, Standing
from sightline.queues.steps import detect_step, ingest_step
from sightline.services.collaborators import provide
from sightline.services.rejection_breaker import resume
from sightline.storage.pauses import Cause, Stop
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.operations import InMemoryAttempts
from sightline.timing import LONGEST_TASK
from workers.circuit_breakers import start_consumption_control

QUEUES = ["ingest", "labels", "rows", "graph", "careful"]
URIS = [uri_of(f"{n:02}") for n in range(4)]


class RealClock(MovingClock):
    """The time of day; to move it is to sleep."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def move(self, by: timedelta) -> None:
        time.sleep(by.total_seconds())


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline(clock=RealClock(), features=("labels",))
    for shade, uri in enumerate(URIS):
        world.put(uri, picture(shade))
    provide(world.services)
    return world


@contextmanager
def working(app: Celery, world: FakeSightline, queues: Sequence[str] = QUEUES) -> Iterator[None]:
    """Run a worker with its gates, until the block ends."""

    def keep(consumer, **_):
        start_consumption_control(consumer, world.services)

    test_worker_started.connect(keep)
    app.amqp.queues.select(queues)  # type: ignore[arg-type]
    with start_worker(app, pool="threads", concurrency=4, perform_ping_check=False, shutdown_timeout=20):
        yield
        world.services.stopping.set()
    test_worker_started.disconnect(keep)


def until(world: FakeSightline, is_so: Callable[[], object]) -> bool:
    """Wait until it is so; say whether it became so before the world stood still."""
    return wait_until(is_so, lambda: (str(states(world)), len(world.detector.asked), *map(len, kept(world))))


def kept(world: FakeSightline) -> tuple[list[object], list[object]]:
    return [*world.operations.dead_letters.read()], [*world.operations.pauses.stops()]


def states(world: FakeSightline) -> list[State]:
    return [row.state for row in world.images.get_many(URIS).values()]


def test_a_refused_worker_loses_nothing_writes_no_letter_and_goes_on_by_itself(app, world):
    for uri in URIS:  # no step of another kind goes well in between: that would open the gate before anybody looks
        waits_for_labels(world, uri)
    world.detector.script.extend([AccessDenied("Rekognition")] * 6)
    publish([detect_step(uri, "labels", Lane.LIVE) for uri in URIS])
    with working(app, world):
        assert until(world, lambda: list(world.operations.pauses.stops()))
        assert until(world, lambda: states(world) == [State.COMPLETE] * len(URIS))
        assert until(world, lambda: not list(world.operations.pauses.stops()))
    assert [] == list(world.operations.dead_letters.read())
    assert len(URIS) + 6 == len(world.detector.asked)


def test_a_stopped_lane_keeps_its_messages_until_it_is_resumed(app, world):
    world.operations.pauses.stop(Stop("ingest", Cause.BRAKE, "all bad", world.clock()))
    with working(app, world):
        assert until(world, lambda: "ingest" not in app.amqp.queues.consume_from)
        publish(ingest_step(uri, Lane.LIVE) for uri in URIS)
        time.sleep(1.5)  # longer than the worker's last look into the queue that it leaves
        assert until(world, lambda: world_queue(app).waiting["ingest"].messages == len(URIS))
        assert [] == states(world)
        assert resume(Lane.LIVE, world.operations)
        assert until(world, lambda: states(world) == [State.COMPLETE] * len(URIS))


def cancelled(world: FakeSightline) -> set[str]:
    return {each.queue for each in world.operations.pauses.stops() if each.cause is Cause.CANCELLED}


def test_queues_that_are_cancelled_from_outside_are_taken_again_and_told(app, world):
    with working(app, world):
        assert until(world, lambda: app.control.ping(timeout=1))
        for queue in ("ingest", "labels"):
            assert app.control.cancel_consumer(queue, reply=True, timeout=5)
        publish(ingest_step(uri, Lane.LIVE) for uri in URIS)
        assert until(world, lambda: states(world) == [State.COMPLETE] * len(URIS))
        assert until(world, lambda: {"ingest", "labels"} == cancelled(world))
        assert QUEUES == list(app.amqp.queues.consume_from)


def world_queue(app: Celery) -> Standing:
    with redis.Redis.from_url(app.conf.broker_url) as client:
        return RedisQueues(client, app.conf.broker_transport_options["global_keyprefix"]).read(["ingest"])


def waits_for_labels(world: FakeSightline, uri: str = URIS[0]) -> str:
    """Bring an image to its analysis; give the id of that step."""
    world.add(uri)
    world.do(world.sent.popleft())
    world.sent.clear()
    return f"detect_feature#{uri}#labels"


def died(world: FakeSightline, step: str, times: int) -> None:
    long_ago = world.clock() - 2 * LONGEST_TASK
    attempts = world.operations.attempts
    assert isinstance(attempts, InMemoryAttempts)
    attempts._begun[step] = {f"message {n}": long_ago for n in range(times)}


def test_a_step_of_which_two_processes_died_runs_in_the_careful_queue(app, world):
    died(world, waits_for_labels(world), times=2)
    came_by = []

    def note(task, **_):
        came_by.append((task.name, task.request.delivery_info["routing_key"]))

    signals.task_success.connect(lambda sender, **_: note(sender), weak=False, dispatch_uid="careful")
    publish_again([detect_step(URIS[0], "labels", Lane.LIVE)])
    with working(app, world):
        assert until(world, lambda: world.images.get(URIS[0]).state is State.COMPLETE)
    signals.task_success.disconnect(dispatch_uid="careful")
    assert ("detect_feature", "careful") in came_by
    assert ("detect_feature", "labels") not in came_by
    assert {} == world.operations.attempts._begun


def test_a_step_of_which_three_processes_died_is_a_letter_and_its_image_stuck(app, world):
    died(world, waits_for_labels(world), times=3)
    publish_again([detect_step(URIS[0], "labels", Lane.LIVE)])
    with working(app, world):
        assert until(world, lambda: world.images.get(URIS[0]).state is State.STUCK)
    assert [("Poisonous", URIS[0])] == [(each.error, each.image_id) for each in world.operations.dead_letters.read()]
    assert [] == world.detector.asked


def test_a_defect_that_an_image_brings_out_is_kept_on_its_row_and_a_good_image_after_it_goes_on(app, world):
    world.detector.script.append(KeyError("a shade nobody foresaw"))
    waits_for_labels(world)
    publish([detect_step(URIS[0], "labels", Lane.LIVE)])
    with working(app, world):
        assert until(world, lambda: world.images.get(URIS[0]).failure)
        publish([ingest_step(URIS[1], Lane.LIVE)])
        assert until(world, lambda: (row := world.images.get(URIS[1])) and row.state is State.COMPLETE)
    assert "a shade nobody foresaw" in world.images.get(URIS[0]).failure.message
    assert [] == list(world.operations.dead_letters.read())
