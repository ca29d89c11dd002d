"""The users of Redis: each can do its part, and nothing that another's part or the operator's is."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery
from pydantic import SecretStr
from redis.exceptions import NoPermissionError, RedisError

from dev.stack.processes import Process, inherited, wait_for
from dev.stack.redis_users import RULES, USERS, filled_in
from dev.stack.waiting import wait_until
from sightline.bootstrap import redis_client
from sightline.config import Settings
from sightline.models.images import Lane, State
from sightline.queues.publishing import publish
from sightline.queues.redis import RedisQueues
from sightline.queues.steps import ingest_step, take_step
from sightline.ratelimit.redis import RedisLimiter
from sightline.services.collaborators import provide
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.money import treasury_of
from sightline.testing.operations import InMemoryRateOverrides, in_memory_operations
from tests.applications import application
from tests.integration.workers.test_refused_and_poison import QUEUES, RealClock, working
from tests.unit.workers.settings import settings

PREFIX = "sightline:"
URI = uri_of("one")
PASSWORDS = {f"SIGHTLINE_REDIS_{user.upper()}_PASSWORD": f"pw-{user}" for user in USERS} | {
    "SIGHTLINE_KEY_PREFIX": PREFIX
}


class Guarded:
    """A Redis with these users."""

    def __init__(self, port: int) -> None:
        self.port = port

    def settings(self, user: str) -> Settings:
        return settings(redis_url=SecretStr(f"redis://{user}:pw-{user}@127.0.0.1:{self.port}/0"))

    def client(self, user: str) -> redis.Redis:
        return redis_client(self.settings(user))

    def app(self, user: str) -> Celery:
        app = application(self.settings(user))
        app.set_current()
        return app

    def answers(self) -> bool:
        try:
            with self.client("operator") as client:
                return bool(client.ping())
        except RedisError:
            return False

    def refused(self) -> list[str]:
        """Return what Redis has refused for lack of a right, but for what every client tries."""
        with self.client("operator") as client:
            entries = client.acl_log(count=100)
        return [f"{each['username']}: {each['object']}" for each in entries if each["object"] != "client|setinfo"]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def guarded(tmp_path: Path, free_port: int) -> Iterator[Guarded]:
    """Start Redis as docker-compose.yml does."""
    rules = str(tmp_path / "users.acl")
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(free_port), "--save", ""]
    environment = inherited() | PASSWORDS | {"SIGHTLINE_REDIS_RULES": rules}
    start = Process("redis", ["sh", str(RULES.with_name("start.sh")), *command], tmp_path / "log", environment)
    made = Guarded(free_port)
    start.start()
    wait_for(start, made.answers)
    yield made
    start.kill()


def test_without_a_password_redis_answers_nobody(guarded):
    with redis.Redis(port=guarded.port) as stranger, pytest.raises(RedisError, match="authenticat"):
        stranger.ping()


def pay_for_a_call(client: redis.Redis) -> None:
    """Run each path of the scripts that handle money."""
    treasury = treasury_of("1 USD/day", in_memory_operations(RealClock()), RealClock())
    limiter = RedisLimiter(client, "1", "eu", {"DetectLabels": 10.0}, f"{PREFIX}money:", money=treasury)
    charge = treasury.charge("labels", Lane.LIVE)
    assert charge
    assert limiter.reserve("DetectLabels", Lane.LIVE, charge).is_booked
    limiter.give_back("DetectLabels", charge)


def test_a_worker_works_listens_and_limits_and_a_producer_sends(guarded):
    world = FakeSightline(clock=RealClock(), features=("labels",))
    world.put(URI, picture())
    world.services.images.add(URI, Lane.LIVE)
    provide(world.services)
    producer = guarded.app("producer")
    publish([ingest_step(URI, Lane.LIVE), take_step("s3://frames/yard/x.mp4", Lane.BACKFILL)])
    producer.close()
    with guarded.client("producer") as client:  # the listener to S3's events asks this
        assert 1 == RedisQueues(client, PREFIX).length("ingest")
    with guarded.client("worker") as client:
        waiting = RedisQueues(client, PREFIX).read(["ingest", "frames.backfill"]).waiting
        assert (1, 1) == (waiting["ingest"].messages, waiting["frames.backfill"].messages)
        limiter = RedisLimiter(client, "1", "eu", {"DetectLabels": 10.0}, PREFIX, overrides=InMemoryRateOverrides())
        limiter.override("DetectLabels", 5.0, "why")
        limiter.reserve("DetectLabels", Lane.LIVE)
        limiter.throttled("DetectLabels")
        assert limiter.rates()["DetectLabels"].quota == 5.0
        pay_for_a_call(client)
    app = guarded.app("worker")
    with working(app, world, QUEUES):
        assert wait_until(lambda: state(world) is State.COMPLETE, lambda: str(state(world)))
        flower = guarded.app("flower")
        assert flower.control.ping(timeout=5, limit=1)
        flower.close()
    app.close()
    assert guarded.refused() == []


def test_a_foreign_producer_needs_its_address_alone(guarded):
    foreign = Celery(broker=f"redis://producer:pw-producer@127.0.0.1:{guarded.port}/0", set_as_current=False)
    foreign.conf.broker_transport_options = {"global_keyprefix": PREFIX}
    foreign.send_task("ingest_image", [URI], queue="ingest", ignore_result=True)
    foreign.send_task("ingest_image", [URI, "backfill"], queue="ingest.backfill", ignore_result=True)
    foreign.close()
    with guarded.client("operator") as client:
        assert (client.llen(f"{PREFIX}ingest"), client.llen(f"{PREFIX}ingest.backfill")) == (1, 1)
    assert guarded.refused() == []


@pytest.mark.parametrize(
    "command",
    [
        ("GET", f"{PREFIX}ingest"),
        ("BRPOP", f"{PREFIX}ingest", "1"),
        ("LPUSH", f"{PREFIX}graph", "x"),
        ("LPUSH", "other:ingest", "x"),
        ("DEL", f"{PREFIX}ingest"),
        ("SADD", f"{PREFIX}_kombu.binding.labels", "x"),
        ("PUBLISH", f"{PREFIX}/0.celery.pidbox", "x"),
        ("SUBSCRIBE", f"{PREFIX}/0.celery.pidbox"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("EVAL", "return 1", "0"),
        ("KEYS", "*"),
    ],
    ids=" ".join,
)
def test_a_producer_can_do_nothing_but_enqueue(guarded, command):
    with guarded.client("producer") as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("worker", ("FLUSHALL",)),
        ("worker", ("CONFIG", "SET", "maxmemory", "1")),
        ("worker", ("SET", "other:key", "x")),
        ("worker", ("ACL", "LIST")),
        ("flower", ("BRPOP", f"{PREFIX}labels", "1")),
        ("flower", ("DEL", f"{PREFIX}ingest")),
        ("flower", ("FLUSHALL",)),
    ],
    ids=str,
)
def test_nobody_but_the_operator_can_do_harm(guarded, user, command):
    with guarded.client(user) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)


def test_both_ways_to_start_write_the_same_rules(tmp_path):
    rules = tmp_path / "users.acl"
    environment = os.environ | PASSWORDS | {"SIGHTLINE_REDIS_RULES": str(rules)}
    subprocess.run(["sh", RULES.with_name("start.sh"), "true"], check=True, env=environment)
    assert rules.read_text() == filled_in(RULES.read_text(), PASSWORDS)
    assert rules.stat().st_mode & 0o077 == 0


def test_without_a_password_nothing_starts(tmp_path):
    environment = os.environ | PASSWORDS | {
        "SIGHTLINE_REDIS_RULES": str(tmp_path / "users.acl"), "SIGHTLINE_REDIS_WORKER_PASSWORD": ""
    }  # fmt: skip
    done = subprocess.run(
        ["sh", RULES.with_name("start.sh"), "echo", "started"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "SIGHTLINE_REDIS_WORKER_PASSWORD must be set" in done.stderr


def state(world: FakeSightline) -> State | None:
    row = world.services.images.get(URI)
    return row.state if row else None
