"""Poison, with processes that are really killed, over the real broker and the real store of operations."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis

from dev.stack.processes import cpu_of
from dev.stack.waiting import wait_until
from sightline.models.images import Lane
from sightline.queues.publishing import publish_again
from sightline.queues.steps import detect_step
from sightline.testing.clocks import MovingClock
from tests.integration.workers.dying import operations_of, settings_of
from tests.integration.workers.test_refused_and_poison import URIS
from workers.celeryconfig import make_app


@pytest.fixture
def key_prefix(redis_url) -> Iterator[str]:
    prefix = f"test-{uuid4().hex[:8]}:"
    app = make_app(settings_of(redis_url, prefix))
    app.set_current()
    yield prefix
    app.close()
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"{prefix}x", *client.scan_iter(f"{prefix}*"))


def test_a_message_that_kills_three_processes_goes_to_the_careful_queue_and_then_is_a_letter(
    redis_url, key_prefix, dynamodb_endpoint, table_prefix
):
    operations = operations_of(dynamodb_endpoint, table_prefix, MovingClock())
    operations.setup()

    def start(generation: int) -> subprocess.Popen[str]:
        publish_again([detect_step(URIS[0], "labels", Lane.LIVE)])  # as the reconciler does for a row that waits
        place = [redis_url, key_prefix, dynamodb_endpoint, table_prefix, str(generation)]
        command = [sys.executable, "-m", "tests.integration.workers.dying", *place]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )

    came_by = []
    for generation in range(3):
        with start(generation) as worker:
            assert wait_until(lambda: worker.poll() is not None, lambda: cpu_of({worker.pid}))
            said, _ = worker.communicate()
            came_by.append((said.strip(), worker.returncode))
    assert [("labels", -signal.SIGKILL), ("labels", -signal.SIGKILL), ("careful", -signal.SIGKILL)] == came_by
    with start(3) as last:
        try:
            assert wait_until(lambda: list(operations.dead_letters.read()), lambda: cpu_of({last.pid}))
            assert last.poll() is None
        finally:
            last.kill()
    assert [("Poisonous", URIS[0])] == [(each.error, each.image_id) for each in operations.dead_letters.read()]
