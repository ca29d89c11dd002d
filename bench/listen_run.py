"""Events into images: real listeners, which are killed, over a real queue, a real table and a real Redis.

There is no S3 and no worker: the bench reads the queue `ingest` itself and begins each image as ingest does, so that an
event of the same bytes can be told from one of others.
"""

import base64
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from dev.s3_events import DELETED, Happened, Sender, configured_body, put_into
from dev.stack.processes import Process, cpu_of, inherited
from dev.stack.waiting import Moves, wait_until
from sightline.bootstrap import aws_session, connect_producer, event_queue, redis_client
from sightline.models.images import Capture, Content, Lane
from sightline.producer_settings import ListenerSettings
from sightline.queues.sqs import Depth

BUCKET = "images"
VISIBILITY_SECONDS = 5
"""So long the messages of a killed listener are hidden. In AWS it is set to two minutes: the run would only wait."""

MOST_RECORDS = 5
LISTENER = (sys.executable, "-c", "from sightline.cli import main; main()", "listen")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything there is."""

    images: int
    overwritten: int
    poison: int
    kills: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. begun: how often each image was begun; sent: how many messages that took.

    seconds: that listening took, with the starts of listeners
    """

    rows: int
    begun: Mapping[str, int]
    letters: int
    left: int
    messages: int
    sent: int
    seconds: float
    listener_cpu_seconds: float


class World:
    """The servers of a run, with tables, a queue and a prefix in Redis that no other run has."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        name = uuid4().hex[:8]
        session = aws_session(_settings(env))
        self.sqs = session.client("sqs", endpoint_url=env["SIGHTLINE_SQS_ENDPOINT"])
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        self.url = self.sqs.create_queue(QueueName=f"listen-{name}", Attributes=attributes)["QueueUrl"]
        self.env = {
            **env,
            "SIGHTLINE_TABLE_PREFIX": f"listen-{name}-",
            "SIGHTLINE_KEY_PREFIX": f"listen-{name}:",
            "SIGHTLINE_CHECKPOINT_BUCKET": "sightline",
            "SIGHTLINE_EVENT_QUEUES": self.url,
        }
        self.settings = _settings(self.env)
        self.producer = connect_producer(self.settings)
        self.queue = event_queue(self.settings, self.url)
        self.redis = redis_client(self.settings)
        self._folder = folder
        self.sent = 0
        self.begun: Counter[str] = Counter()
        self.cpu_seconds = 0.0

    def set_up(self) -> None:
        """Create the tables."""
        self.producer.images.setup()
        self.producer.operations.setup()

    def clear(self) -> None:
        """Remove the queue and what is in Redis."""
        self.sqs.delete_queue(QueueUrl=self.url)
        self.redis.delete(*self.redis.scan_iter(f"{self.settings.key_prefix}*"), f"{self.settings.key_prefix}none")
        self.redis.close()

    def listener(self) -> Process:
        """Return a listener, not yet started."""
        return Process("listen", LISTENER, self._folder / "listen.log", inherited() | self.env)

    def depth(self) -> int:
        """Return how many messages are not deleted yet."""
        depth: Depth = self.queue.depth()
        return depth.waiting + depth.handed_out

    def begin_all(self, etags: Mapping[str, str]) -> None:
        """Take every message of the queue `ingest`, and begin its image; count how often each was begun."""
        asked: list[str] = []
        while messages := self.redis.lpop(f"{self.settings.key_prefix}ingest", 500):
            asked += map(_image_id, messages)  # type: ignore[arg-type] # the client is no async one
        self.sent += len(asked)
        with ThreadPoolExecutor(8) as pool:
            self.begun.update(each for each in pool.map(lambda image_id: self._begin(image_id, etags), asked) if each)

    def _begin(self, image_id: str, etags: Mapping[str, str]) -> str | None:
        images = self.producer.images
        row = images.get(image_id)
        if row is None:
            raise RuntimeError(f"{image_id} was sent before its row stood")
        etag = etags[image_id]
        sha256 = hashlib.sha256(etag.encode()).hexdigest()
        uploaded = UPLOADED if etag == _etag(image_id.removeprefix(f"s3://{BUCKET}/"), 1) else OVERWRITTEN
        content = Content(sha256, etag, 50_000, 800, 600, last_modified=uploaded)
        after = images.begin(row, content, Capture("yard", UPLOADED, "key"), {"labels": sha256}, Lane.LIVE)
        return image_id if after and after.version > row.version else None


UPLOADED = datetime(2026, 11, 27, 7, 58, 11, tzinfo=UTC)
OVERWRITTEN = UPLOADED + timedelta(minutes=5)


def run(world: World, size: Size, chance: random.Random) -> Outcome:
    """Send events of all images, twice and shuffled, with poison; then of those that are overwritten, with old ones."""
    keys = [f"yard/{number} +%2B🦊.jpg" for number in range(size.images)]
    first = [Happened(BUCKET, key, etag=_etag(key, 1), at=UPLOADED, number=n) for n, key in enumerate(keys)]
    etags = {f"s3://{BUCKET}/{key}": _etag(key, 1) for key in keys}
    poison = [json.dumps({"poison": number}) for number in range(size.poison)]
    sender = Sender(put_into(world.sqs, world.url), chance, times=2, most_records=MOST_RECORDS)
    messages = sender.send(first, [*poison, configured_body(BUCKET)])
    listener = world.listener()
    try:
        seconds = _listen(world, listener, etags, size.kills)
        overwritten = chance.sample(keys, size.overwritten)
        etags |= {f"s3://{BUCKET}/{key}": _etag(key, 2) for key in overwritten}
        messages += sender.send(_later(overwritten, first, chance))
        seconds += _listen(world, listener, etags, 0)
    finally:
        _note_cpu(world, listener)
        listener.stop()
    rows = sum(1 for _ in world.producer.images.scan())
    letters = sum(1 for _ in world.producer.operations.dead_letters.read())
    return Outcome(rows, world.begun, letters, world.depth(), messages, world.sent, seconds, world.cpu_seconds)


def _later(overwritten: Sequence[str], first: Sequence[Happened], chance: random.Random) -> list[Happened]:
    """Return the events of overwrites, old events that come once more, and removals of objects that nobody knew."""
    again = [Happened(BUCKET, key, etag=_etag(key, 2), at=OVERWRITTEN, number=len(first)) for key in overwritten]
    old = chance.sample(first, min(len(first), 10 * len(overwritten)))
    unknown = [Happened(BUCKET, f"yard/unknown {n}.jpg", DELETED, at=UPLOADED) for n, _ in enumerate(overwritten)]
    return [*again, *old, *unknown]


def expected(size: Size, outcome: Outcome) -> dict[str, tuple[int, int]]:
    """Return what should have come of a run, and what did."""
    twice = sum(count == 2 for count in outcome.begun.values())  # noqa: PLR2004 - first, and again
    return {
        "rows": (size.images, outcome.rows),
        "images begun": (size.images, len(outcome.begun)),
        "begun once more": (size.overwritten, twice),
        "begun in all": (size.images + size.overwritten, sum(outcome.begun.values())),
        "dead letters": (size.poison, outcome.letters),
        "messages left": (0, outcome.left),
    }


def _listen(world: World, listener: Process, etags: Mapping[str, str], kills: int) -> float:
    """Listen until nothing is left; kill the listener that often on the way. Return how many seconds it took."""
    total, begun = world.depth(), time.monotonic()
    listener.start()
    for killed in range(kills):
        _wait(world, listener, etags, total - total * (killed + 1) // (kills + 1))
        _note_cpu(world, listener)
        listener.kill()
        listener.start()
    _wait(world, listener, etags, 0)
    return time.monotonic() - begun


def _wait(world: World, listener: Process, etags: Mapping[str, str], most: int) -> None:
    """Begin images until so few messages are left; a listener that moves no more ends the run."""

    def moves() -> Moves:
        return world.depth() + world.sent, cpu_of({listener.pid})

    def is_done() -> bool:
        world.begin_all(etags)
        return world.depth() <= most

    if not wait_until(is_done, moves, every=0.2):
        raise RuntimeError(f"no message is taken any more. The listener says: {listener.log_end()}")
    world.begin_all(etags)


def _note_cpu(world: World, listener: Process) -> None:
    if listener.is_running():
        world.cpu_seconds += sum(psutil.Process(listener.pid).cpu_times()[:2])


def _settings(env: Mapping[str, str]) -> ListenerSettings:
    values: dict[str, Any] = {name.removeprefix("SIGHTLINE_").lower(): value for name, value in env.items()}
    known = {name: value for name, value in values.items() if name in ListenerSettings.model_fields}
    return ListenerSettings.model_validate({"checkpoint_bucket": "sightline", **known})


def _image_id(message: bytes) -> str:
    arguments = json.loads(base64.b64decode(json.loads(message)["body"]))[0]
    return str(arguments[0])


def _etag(key: str, upload: int) -> str:
    return hashlib.md5(f"{key} {upload}".encode(), usedforsecurity=False).hexdigest()
