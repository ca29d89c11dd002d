"""What waits on Redis: each queue's messages and their age, and those that a worker has taken and not finished."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

import redis

from vision.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue. oldest_seconds: age of the message that is next to go; None where its sender did not say when."""

    messages: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class Queues:
    """All queues, and how many messages are taken and not finished."""

    waiting: dict[str, Waiting]
    unacknowledged: int


def read_queues(client: redis.Redis, key_prefix: str, names: Iterable[str]) -> Queues:
    """Ask Redis, in one round trip; raise Unavailable where it does not answer."""
    asked = list(names)
    pipeline = client.pipeline(transaction=False)
    for name in asked:
        pipeline.llen(key_prefix + name)
        pipeline.lindex(key_prefix + name, -1)
    pipeline.hlen(key_prefix + "unacked")
    try:
        *answers, unacknowledged = pipeline.execute()
    except redis.RedisError as error:
        raise Unavailable("Redis", rule=f"it did not answer ({error})") from error
    pairs = zip(asked, answers[::2], answers[1::2], strict=True)
    return Queues({name: Waiting(length, _age(last)) for name, length, last in pairs}, unacknowledged)


def _age(message: bytes | None) -> float | None:
    """Give the message's age by the time that `tasks.publish` puts into its headers."""
    sent_at = json.loads(message)["headers"].get("sent_at") if message else None
    return None if sent_at is None else max(0.0, time.time() - sent_at)
