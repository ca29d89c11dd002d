"""How the queues stand, read from Redis, where Celery keeps each as a list whose right end is taken next."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from sightline.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue. sent_at: of the message that is next to go; None if there is none, or its sender did not say."""

    messages: int
    sent_at: datetime | None = None


NOTHING = Waiting(0)


@dataclass(frozen=True, slots=True)
class Memory:
    """How Redis is off for memory. policy: what it does at `max_bytes` (0: no limit); evicted: keys since its start."""

    policy: str
    used_bytes: int
    max_bytes: int
    evicted: int

    @property
    def drops_messages(self) -> bool:
        """Return whether the policy evicts keys that have no time to live, as queues and rates have none."""
        return self.policy.startswith("allkeys")


@dataclass(frozen=True, slots=True)
class Standing:
    """How queues stand. unacknowledged: messages, of any queue, that workers have taken and not finished."""

    waiting: Mapping[str, Waiting]
    unacknowledged: int


class RedisQueues:
    """Queues under `key_prefix` (Celery's `global_keyprefix`). Threads may share one, as they may the client."""

    def __init__(self, client: redis.Redis, key_prefix: str) -> None:
        self._client = client
        self._prefix = key_prefix

    def read(self, names: Iterable[str]) -> Standing:
        """Ask for length and next message of each queue and for Celery's book of what was taken, in one round trip."""
        asked = list(names)
        pipeline = self._client.pipeline(transaction=False)
        for name in asked:
            pipeline.llen(self._prefix + name)
            pipeline.lindex(self._prefix + name, -1)
        pipeline.hlen(self._prefix + "unacked")
        try:
            *answers, unacknowledged = pipeline.execute()
        except redis.RedisError as error:
            raise Unavailable("Redis", rule=f"it did not answer ({error})") from error
        pairs = zip(asked, answers[::2], answers[1::2], strict=True)
        return Standing({name: Waiting(length, _sent_at(message)) for name, length, message in pairs}, unacknowledged)

    def length(self, name: str) -> int:
        """Ask how many messages wait in a queue: all that a producer's user of Redis may ask."""
        with _unavailable():
            return int(self._client.llen(self._prefix + name))

    def memory(self) -> Memory:
        """Ask what Redis does when its memory is full, and what it has evicted."""
        with _unavailable():
            facts = self._client.info("memory", "stats")
        policy = str(facts.get("maxmemory_policy", "unknown"))
        used, most = int(facts.get("used_memory", 0)), int(facts.get("maxmemory", 0))
        return Memory(policy, used, most, int(facts.get("evicted_keys", 0)))

    def try_write(self) -> None:
        """Write a key that goes again; raise Unavailable if Redis takes none, as at its limit of memory."""
        with _unavailable():
            self._client.set(f"{self._prefix}check", 1, px=1000)

    def time(self) -> datetime:
        """Ask for the time of Redis's clock."""
        with _unavailable():
            seconds, microseconds = self._client.time()
        return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise Unavailable("Redis", rule=f"it refused, or did not answer ({error})") from error


def _sent_at(message: bytes | None) -> datetime | None:
    """Read the time that `sightline.queues.publishing` puts into a message's headers, in seconds since the epoch.

    The message may come from any sender: one without a time, or one that cannot be parsed, must not hide the queue.
    """
    try:
        seconds = json.loads(message)["headers"]["sent_at"] if message else None
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, OSError, RecursionError):
        return None
