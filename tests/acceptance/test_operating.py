"""What an operator sees of a running stack: Flower, metrics, and health checks that find a worker that has stopped."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import psutil
import pytest
from celery import Celery

from dev.stack.waiting import STANDSTILL_SECONDS
from sightline.bootstrap import redis_client
from sightline.config import Settings
from tests.acceptance.up_stack import UpStack
from tests.commands import run, unmeasured
from workers.celeryconfig import make_app
from workers.health import complaint

pytestmark = pytest.mark.acceptance

SOON_SECONDS = 8.0
"""A heartbeat is written every five seconds."""

OWN_QUEUES = ("labels", "labels.backfill")
STEPS = {"ingest_image", "detect_feature", "write_rows", "merge_image"}
NOBODY = ["s3://images/nobody/knows.jpg", "labels", "live"]


@pytest.fixture(scope="module")
def settings(up_stack: UpStack) -> Settings:
    env = up_stack.env()
    names = ("redis_url", "key_prefix", "state_folder", "checkpoint_bucket", "neo4j_password")
    return Settings.model_validate({name: env[f"SIGHTLINE_{name.upper()}"] for name in names})


def stopped_queues(env: Mapping[str, str]) -> set[tuple[str, str]]:
    """Ask `sightline status` which queues are stopped, and by what."""
    command = [sys.executable, "-c", "from sightline.cli import main; main()", "status", "--json"]
    said = run(command, {**unmeasured(), **env})
    assert 0 == said.returncode, said.stderr
    return {(each["queue"], each["cause"]) for each in json.loads(said.stdout)["stopped"].values()}


@pytest.fixture(scope="module")
def app(settings: Settings) -> Celery:
    return make_app(settings)


class Health:
    """The health check of the worker `labels-0`, which reads only its heartbeat."""

    def __init__(self, settings: Settings, folder: Path, pid: int) -> None:
        self._client = redis_client(settings)
        self._prefix = settings.key_prefix
        self._beat = Path(settings.state_folder or "") / f"labels-0-{pid}.json"
        self._folder = folder

    def waiting(self, queue: str) -> int:
        return int(self._client.llen(self._prefix + queue))

    def empty(self, queue: str) -> None:
        self._client.delete(self._prefix + queue)

    def written(self) -> float:
        return float(json.loads(self._beat.read_text())["at"])

    def complaint(self, *queues: str) -> str | None:
        (self._folder / self._beat.name).write_text(self._beat.read_text())
        bounds = {"stale_seconds": SOON_SECONDS, "idle_seconds": SOON_SECONDS}
        return complaint(self._folder, queues or OWN_QUEUES, self.waiting, time.time(), **bounds)

    def complains(self, words: str, *queues: str) -> bool:
        return words in (self.complaint(*queues) or "")


@pytest.fixture
def health(up_stack, settings, tmp_path):
    return Health(settings, tmp_path, up_stack.pids()["labels-0"])


def taken_by(node, app):
    answers = app.control.inspect([node], STANDSTILL_SECONDS, limit=1).active_queues()
    return [queue["name"] for queue in answers[node]]


@pytest.mark.parametrize("path", ["/", "/api/workers?refresh=1"])
def test_flower_shows_nothing_without_the_password(up_stack, path):
    assert HTTPStatus.UNAUTHORIZED == up_stack.flower(path)[0]
    assert HTTPStatus.UNAUTHORIZED == up_stack.flower(path, "a guess")[0]
    assert HTTPStatus.OK == up_stack.flower(path, up_stack.env()["SIGHTLINE_FLOWER_PASSWORD"])[0]


def test_the_console_lets_the_first_user_in_and_nobody_else(up_stack):
    env = up_stack.env()
    who = {"name": env["SIGHTLINE_WEB_FIRST_USER"], "password": env["SIGHTLINE_WEB_FIRST_PASSWORD"]}
    assert (HTTPStatus.SEE_OTHER, "/login") == up_stack.console("/")
    assert HTTPStatus.UNAUTHORIZED == up_stack.console("/login", who | {"password": "a guess of mine"})[0]
    assert (HTTPStatus.SEE_OTHER, "/") == up_stack.console("/login", who)
    assert who["password"] in up_stack.run("status").stdout


def test_flower_lists_every_worker_and_every_registered_task(up_stack):
    wanted = {name for name in up_stack.pids() if name.startswith(("frames", "labels", "operations"))}

    def knows_all() -> bool:
        """Flower shows those answers of a worker that arrived in time, and asks again."""
        told = up_stack.flower_workers()
        return wanted == set(told) and all(set(each.get("registered", ())) >= STEPS for each in told.values())

    assert up_stack.until(knows_all, every=1)


def test_every_worker_serves_its_metrics_and_one_serves_those_of_the_system(up_stack):
    assert "sightline_tasks_total" in up_stack.metrics("labels-0")
    assert "sightline_queue_messages" not in up_stack.metrics("labels-0")
    last = 'sightline_source_up{source="dead_letters"} 1.0'
    assert up_stack.until(lambda: last in up_stack.metrics("operations-0"), every=1)
    assert 'sightline_queue_messages{queue="labels.backfill"} 0.0' in up_stack.metrics("operations-0")
    assert "} 0.0" not in [line[-5:] for line in up_stack.metrics("operations-0").splitlines() if "source_up{" in line]


def test_a_message_is_counted_in_the_metrics(up_stack, app):
    app.send_task("detect_feature", NOBODY, queue="labels")
    counted = 'sightline_tasks_total{outcome="ignored",task="detect_feature"}'
    assert up_stack.until(lambda: counted in up_stack.metrics("labels-0"), every=1)


def test_health_sees_a_worker_that_is_connected_and_takes_nothing(up_stack, app, health):
    """It uses a queue that no process of this stack takes from: for the check that is the same."""
    app.send_task("write_rows", NOBODY[:1], queue="rows")
    assert up_stack.until(lambda: health.complains("nobody takes them", "rows"), every=1)
    health.empty("rows")
    assert up_stack.until(lambda: health.complaint("rows") is None, every=1)


def test_a_queue_that_was_cancelled_from_outside_is_taken_again_and_told(up_stack, app, health):
    answers = app.control.ping(timeout=STANDSTILL_SECONDS, limit=3)
    node = next(node for answer in answers for node in answer if node.startswith("labels-0@"))
    told = {"destination": [node], "reply": True, "timeout": STANDSTILL_SECONDS, "limit": 1}
    assert app.control.cancel_consumer("labels", **told)
    app.send_task("detect_feature", NOBODY, queue="labels")
    assert up_stack.until(lambda: ("labels", "cancelled") in stopped_queues(up_stack.env()), every=2)
    assert up_stack.until(lambda: list(OWN_QUEUES) == taken_by(node, app), every=1)
    assert up_stack.until(lambda: 0 == health.waiting("labels"), every=1)
    assert up_stack.until(lambda: health.complaint() is None, every=1)


def test_health_sees_a_worker_that_stands_still(up_stack, health):
    pid = up_stack.pids()["labels-0"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert up_stack.until(lambda: health.complains("have not written a heartbeat"), every=1)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert up_stack.until(lambda: health.complaint() is None, every=1)
    assert psutil.Process(pid).is_running()
