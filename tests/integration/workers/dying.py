"""A worker process that is killed as soon as it asks Rekognition: `python -m tests.integration.workers.dying …`.

It says by which queue the fatal message came, and sends itself kill -9. Its clock is set ahead, so that what began in
the processes before it lies longer ago than any step lasts.
"""

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import boto3
from celery import signals
from pydantic import SecretStr

from sightline.config import Settings
from sightline.models.answers import Answer
from sightline.services.collaborators import provide
from sightline.storage.operations import Operations, dynamo_operations
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, picture
from sightline.timing import LONGEST_TASK
from tests.applications import application
from tests.integration.workers.test_refused_and_poison import URIS, waits_for_labels, working


class ClockAhead(MovingClock):
    """The time of day, and a whole number of steps' longest times more."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._ahead = steps * (LONGEST_TASK + timedelta(seconds=1))

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def operations_of(endpoint: str, prefix: str, clock: MovingClock) -> Operations:
    """Give the store that all the processes share."""
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    return dynamo_operations(session.client("dynamodb", endpoint_url=endpoint), prefix, clock)


def settings_of(redis_url: str, key_prefix: str) -> Settings:
    """Give the settings of a worker over the real broker."""
    return Settings(
        _env_file=None,
        checkpoint_bucket="own",
        neo4j_password=SecretStr("hush"),
        redis_url=SecretStr(redis_url),
        key_prefix=key_prefix,
    )


def main(redis_url: str, key_prefix: str, endpoint: str, table_prefix: str, generation: str) -> None:
    """Work until killed."""
    world = FakeSightline(clock=ClockAhead(int(generation)), features=("labels",))
    world.put(URIS[0], picture())
    waits_for_labels(world)
    world.services = replace(world.services, operations=operations_of(endpoint, table_prefix, world.clock))
    provide(world.services)
    came_by: list[str] = []
    signals.task_prerun.connect(lambda task, **_: came_by.append(task.request.delivery_info["routing_key"]), weak=False)

    def die() -> Answer:
        sys.stdout.write(came_by[-1])
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit

    world.detector.script.append(die)
    app = application(settings_of(redis_url, key_prefix))
    app.set_current()
    with working(app, world):
        Event().wait(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
