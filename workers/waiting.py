"""What waits on Redis: each queue's messages and their age, and those that a worker has taken and not finished."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from stores.queues.redis import RedisQueues


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
    """Ask Redis; raise Unavailable where it does not answer."""
    standing = RedisQueues(client, key_prefix).read(names)
    waiting = {name: Waiting(each.messages, _age(each.sent_at)) for name, each in standing.waiting.items()}
    return Queues(waiting, standing.unacknowledged)


def _age(sent_at: datetime | None) -> float | None:
    return None if sent_at is None else max(0.0, (datetime.now(UTC) - sent_at).total_seconds())
