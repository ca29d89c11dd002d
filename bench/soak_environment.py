"""What the soak runs on: a local stack with two workers of each queue, and beat."""

import argparse
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from bench.soak_pictures import BUCKET, picture_of, remember, uri_of
from dev.stack import Options, Stack
from dev.stack.settings import settings_of
from dev.stack.waiting import Moves, wait_until
from sightline.bootstrap import connect, redis_client
from sightline.errors import SightlineError
from sightline.models.images import Lane
from sightline.queues.publishing import publish
from sightline.queues.steps import ingest_step
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.plan import Plan
from workers.celeryconfig import make_app

FEATURES = ("labels", "faces")
WORKERS = {"ingest": 2, "labels": 2, "faces": 2, "rows": 2, "graph": 2, "operations": 1, "careful": 1, "beat": 1}
LATENCY_MS = 200
REMEMBERED = "remembered.jsonl"
"""The file of answers that the local Rekognition reads when it starts."""

PAUSE_SECONDS = 0.5

Given = TypeVar("Given")


def plan() -> Plan:
    """Return the features that each image is analysed for."""
    return Plan({name: dict(feature_named(name).parameters) for name in FEATURES}, "1")


@dataclass
class Images:
    """The images of a run: their names, of today, their pictures, and the pictures that overwrite some of them.

    others: the ids of images that the soak uploads besides, and that must be complete in the end as well
    """

    count: int
    today: datetime = field(default_factory=lambda: datetime.now(UTC))
    others: tuple[str, ...] = ()

    def uri(self, number: int) -> str:
        """Return an image's id."""
        return str(uri_of(number, self.today))

    def first(self, number: int) -> bytes:
        """Return the bytes that an image has first."""
        return picture_of(f"first of {number}")

    def second(self, number: int) -> bytes:
        """Return the bytes that an image is overwritten with."""
        return picture_of(f"second of {number}")

    def contents(self, number: int) -> list[str]:
        """Return the sha256 (hex) of the bytes that an image may have."""
        return [hashlib.sha256(data).hexdigest() for data in (self.first(number), self.second(number))]

    @property
    def uris(self) -> list[str]:
        """Return all ids."""
        return [*(self.uri(number) for number in range(self.count)), *self.others]


def options(folder: Path, images: Images, *rekognition: str, is_versioned: bool = False, **settings: str) -> Options:
    """Return options: Rekognition remembers every picture, and the bucket is swept. rekognition: more arguments."""
    remembered = folder / REMEMBERED
    numbers = range(images.count)
    remember(remembered, (make(number) for make in (images.first, images.second) for number in numbers), plan())
    return Options(
        dynamodb_in_memory=True,
        is_versioned=is_versioned,
        rekognition=("--latency-ms", str(LATENCY_MS), "--processes", "1", "--remember", str(remembered), *rekognition),
        settings={"SIGHTLINE_FEATURES": ",".join(FEATURES), "SIGHTLINE_SWEEP": f"s3://{BUCKET}", **settings},
    )


class Environment:
    """A running stack, and this process's own services in it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = settings_of(stack.env)
        _ = self.app

    @cached_property
    def services(self) -> Services:
        """Return the services of this process."""
        return connect(self.settings)

    @cached_property
    def app(self) -> Celery:
        """Return the application that sends this process's messages."""
        app = make_app(self.settings)
        app.set_default()
        return app

    @cached_property
    def redis(self) -> redis.Redis:
        """Return a client of the broker."""
        return redis_client(self.settings)

    @property
    def calls_log(self) -> Path:
        """Return the endpoint's log of calls."""
        return self.stack.layout.data("rekognition") / "calls.jsonl"

    def close(self) -> None:
        """Close the connections."""
        self.services.graph.close()
        self.app.close()
        self.redis.close()

    def send_message(self, uri: str) -> None:
        """Send a message without writing a row, as some producers do."""
        publish([ingest_step(uri, Lane.LIVE)])


def insisting(do: Callable[[], Given], moves: Callable[[], Moves]) -> Given:
    """Retry while a server is down, as a good producer does; raise the last error once nothing moves any more."""
    done: list[Given] = []
    last_error: list[Exception] = []

    def attempt() -> bool:
        try:
            done.append(do())
        except (SightlineError, OperationalError, redis.RedisError, OSError) as error:
            last_error[:] = [error]
        return bool(done)

    if not wait_until(attempt, moves, every=PAUSE_SECONDS):
        raise last_error[0]
    return done[0]


def add_versioned(parser: argparse.ArgumentParser) -> None:
    """Add the option for the other kind of bucket."""
    parser.add_argument("--versioned", action="store_true", help="with a bucket that keeps versions")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add `--seed`. Without it each run draws a new one: a fixed seed would try the same faults for ever."""
    drawn = random.SystemRandom().randrange(10**9)
    parser.add_argument("--seed", type=int, default=drawn, help="repeats a run's faults; drawn if not given")
