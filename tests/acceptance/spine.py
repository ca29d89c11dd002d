"""A whole sightline with real servers and real workers, and what a test does with it."""

import http.client
import json
import os
import subprocess
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from click.testing import CliRunner, Result

from dev.rekognition.answers import name_of
from dev.rekognition.operations.wire import MODEL_VERSION
from dev.stack import Options, Stack
from dev.stack.folders import CHECKOUT
from dev.stack.processes import Process, inherited
from dev.stack.settings import settings_of
from dev.stack.waiting import Moves, wait_until
from sightline.bootstrap import connect, neo4j_driver
from sightline.cli import sightline
from sightline.config import Settings
from sightline.models.answers import Box
from sightline.models.images import ImageRow, Lane, State
from sightline.rekognition import comparing
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.ingest import Added, add_images
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dead_letters import DeadLetter
from sightline.testing.fake import picture
from tests.browser.boxes import FACE, PERSON, photo
from tests.commands import run
from tests.unit.rekognition.recorded import recorded
from workers.celeryconfig import make_app

FEATURES = ("faces", "labels")
QUOTA = 20
QUOTAS = {feature_named(name).operation: QUOTA for name in FEATURES}
WORKERS = {"ingest": 1, "labels": 2, "faces": 2, "rows": 1, "graph": 1}
STEPS = ("ingest", *FEATURES, "rows", "graph")
BUCKET = "images"
REMEMBERED_PICTURES = 800
LOOK_SECONDS = 0.25
"""To look takes requests to the servers, which have the workers to serve."""

ENDED = {State.COMPLETE, State.REJECTED, State.GONE}


def options(folder: Path) -> Options:
    """Return options: 20 calls a second at both ends; the endpoint remembers the answers to the plain pictures."""
    remembered = folder / "remembered.jsonl"
    remembered.write_text("".join(f"{json.dumps(line)}\n" for line in _remembered()))
    return Options(
        dynamodb_in_memory=True,
        rekognition=("--quotas", json.dumps(QUOTAS), "--remember", str(remembered)),
        settings={"SIGHTLINE_QUOTAS": json.dumps(QUOTAS), "SIGHTLINE_FEATURES": ",".join(FEATURES)},
    )


SIGN = picture(REMEMBERED_PICTURES, form="PNG")
"""A picture in which the endpoint sees the text of the recorded response."""


LYING, TURNED = photo((1280, 720)), photo((720, 1280), orientation=6)
"""Pictures in which the endpoint sees a person and a face: one lying, one standing that is stored turned."""


def plain(shade: int) -> bytes:
    """Make a unique picture: a PNG, since flat colours of a JPEG are rounded to the same bytes."""
    return picture(shade, form="PNG")


def _remembered() -> Iterator[tuple[str, Any]]:
    """Return the answers to the pictures: two cores cannot analyse 20 in a second."""
    plant = {"Name": "Plant", "Confidence": 61.0}
    seen = {"labels": {"Labels": [plant], "LabelModelVersion": MODEL_VERSION}, "faces": {"FaceDetails": []}}
    for shade in range(REMEMBERED_PICTURES):
        for name in FEATURES:
            yield _remembered_as(plain(shade), name), seen[name]
    for seen_in in (LYING, TURNED):
        for name, said in _somebody().items():
            yield _remembered_as(seen_in, name), said
    yield _remembered_as(SIGN, "text"), recorded("text")
    both = "+".join(sha256(data).hexdigest() for data in (LYING, TURNED))
    yield name_of(both, comparing.OPERATION, dict(comparing.PARAMETERS), MODEL_VERSION), recorded("compare_faces")


def _remembered_as(data: bytes, name: str) -> str:
    """Return the name under which the endpoint remembers what a feature finds in a picture."""
    feature = feature_named(name)
    return name_of(sha256(data).hexdigest(), feature.operation, dict(feature.parameters), MODEL_VERSION)


def _somebody() -> dict[str, Any]:
    """Return what is seen in a photo, where it is drawn, as Rekognition says it."""
    person = {"BoundingBox": _wire(PERSON), "Confidence": 97.5}
    label = {"Name": "Person", "Confidence": 97.5, "Instances": [person], "Parents": []}
    return {
        "labels": {"Labels": [label], "LabelModelVersion": MODEL_VERSION},
        "faces": {"FaceDetails": [{"BoundingBox": _wire(FACE), "Confidence": 99.0}]},
    }


def _wire(box: Box) -> dict[str, float]:
    return {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height}


class Spine:
    """One stack with its workers, as its producers and operators see it. Each test uses cameras of its own."""

    _pictures = range(REMEMBERED_PICTURES // 2)

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._shades = iter(self._pictures)

    @cached_property
    def settings(self) -> Settings:
        """Return the workers' settings, without those of this process's environment."""
        return settings_of(self.stack.env)

    @cached_property
    def services(self) -> Services:
        return connect(self.settings)

    @cached_property
    def app(self) -> Celery:
        return make_app(self.settings)

    def app_with(self, key_prefix: str, **chosen: str) -> Celery:
        """Return a client of other queues, with another key prefix or on another Redis."""
        return make_app(Settings(**self.settings.model_dump() | {"key_prefix": key_prefix} | chosen))

    @cached_property
    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.settings.redis_url.get_secret_value())

    def close(self) -> None:
        self.services.graph.close()
        self.app.close()
        self.redis.close()

    def put(self, key: str, data: bytes | None = None) -> str:
        """Upload an object, by default a unique plain picture; return its URI."""
        uri = ObjectUri(BUCKET, key)
        self.services.buckets.put(uri, plain(next(self._shades)) if data is None else data)
        return str(uri)

    def put_many(self, camera: str, count: int) -> list[str]:
        return [self.put(f"{camera}/MDAlarm_20261102-1100{number:02}.jpg") for number in range(count)]

    def add(self, uris: Iterable[str], lane: Lane = Lane.LIVE) -> Added:
        self.app.set_current()
        return add_images(uris, lane, self.services)

    def rows(self, uris: Iterable[str]) -> dict[str, ImageRow]:
        return self.services.images.get_many(uris)

    def row(self, uri: str) -> ImageRow:
        return self.rows([uri])[uri]

    def states(self, uris: Iterable[str]) -> Counter[str]:
        return Counter(str(row.state) for row in self.rows(uris).values())

    def wait(self, uris: Iterable[str], states: Iterable[State] = ENDED) -> dict[str, ImageRow]:
        """Wait until each image is in one of these states."""
        asked, wanted = list(uris), set(states)
        self.until(
            lambda: len(asked) == sum(row.state in wanted for row in self.rows(asked).values()),
            lambda: f"{self.states(asked)}, queues {self.queues()}",
        )
        return self.rows(asked)

    def until(
        self,
        is_so: Callable[[], object],
        say: Callable[[], str] = str,
        moves: Callable[[], Moves] | None = None,
    ) -> None:
        """Wait until it is so; fail with the text of `say` if nothing moves: neither that text, nor logs and calls."""
        moves = moves or (lambda: (say(), self.stack.layout.logged_bytes(), self.calls_bytes()))
        if not wait_until(is_so, moves, every=LOOK_SECONDS):
            pytest.fail(f"It did not come about, and nothing moves any more. {say()}")

    def calls_bytes(self) -> int:
        """Return the size of the endpoint's log."""
        log = self._calls_log
        return log.stat().st_size if log.exists() else 0

    @property
    def _calls_log(self) -> Path:
        return self.stack.layout.data("rekognition") / "calls.jsonl"

    def queues(self, key_prefix: str = "sightline:") -> dict[str, int]:
        """Count the messages in Redis at one moment: by queue, and those in progress."""
        names = list(self.app.amqp.queues)
        with self.redis.pipeline() as pipe:
            for name in names:
                pipe.llen(key_prefix + name)
            pipe.hlen(f"{key_prefix}unacked")
            *waiting, unacked = pipe.execute()
        return {name: n for name, n in zip(names, waiting, strict=True) if n} | {"unacked": unacked}

    def until_quiet(self, *left: str) -> dict[str, int]:
        """Wait until no message is in progress, and none waits except in the queues `left`; return how many wait there.

        It must be so twice in a row: a message that is just being taken is nowhere for a moment.
        """
        looks = deque([self.queues()], maxlen=2)

        def is_quiet() -> bool:
            looks.append(self.queues())
            return all(not look["unacked"] and look.keys() <= {"unacked", *left} for look in looks)

        self.until(is_quiet, lambda: str(looks[-1]))
        return {name: looks[-1].get(name, 0) for name in left}

    def calls(self, key_prefix: str) -> list[dict[str, Any]]:
        """Return the calls about objects under a prefix from the endpoint's own log."""
        lines = self._calls_log.read_text().splitlines()
        calls = [json.loads(line) for line in lines]
        return [each for each in calls if (each["key"] or "").startswith(key_prefix)]

    def refuse_next(self, operation: str, error: str) -> None:
        """Have the endpoint refuse the next call of an operation."""
        body = json.dumps({"faults": [{"operation": operation, "next": 1, "answer": error}]}).encode()
        endpoint = http.client.HTTPConnection(self.stack.server("rekognition").address.removeprefix("http://"))
        with closing(endpoint):
            endpoint.request("POST", "/control", body)
            assert HTTPStatus.OK == endpoint.getresponse().status

    def dead_letters(self) -> dict[str, DeadLetter]:
        """Return the open dead letters by what they are about."""
        return {
            dead_letter.image_id or dead_letter.subject: dead_letter
            for dead_letter in self.services.operations.dead_letters.read()
        }

    def cypher(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a query in Neo4j itself."""
        with neo4j_driver(self.settings) as driver:
            return [tuple(record) for record in driver.execute_query(statement, parameters, database_="neo4j").records]

    def command(self, *arguments: str, **settings: str) -> Result:
        """Run `sightline` in this process, with the stack's settings overridden by these."""
        outer = dict.fromkeys(name for name in os.environ if name.startswith("SIGHTLINE_"))  # None unsets
        result = CliRunner(env=outer | self.stack.env | settings).invoke(sightline, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def process(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run `sightline` as a shell does, with the stack's settings overridden by these."""
        return run(["sightline", *arguments], inherited() | self.stack.env | settings)

    @contextmanager
    def worker(
        self, name: str, queues: Sequence[str] = STEPS, folder: Path = CHECKOUT, **settings: str
    ) -> Iterator[Process]:
        """Run one process that does every step; its own key prefix keeps its messages apart from the others.

        folder: of the code
        """
        celery = ["celery", "--workdir", str(folder), "-A", "workers.app"]
        command = [*celery, "worker", "-P", "threads", "-c", "8", "-Q", ",".join(queues)]
        chosen = {"SIGHTLINE_KEY_PREFIX": f"{name}:"} | settings
        process = Process(
            name, [*command, "-n", f"{name}@%h"], self.stack.layout.log(name), inherited() | self.stack.env | chosen
        )
        process.start()
        try:
            yield process
        finally:
            process.stop()
