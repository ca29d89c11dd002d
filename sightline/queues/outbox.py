"""Put messages into queues past kombu, which asks its settings for each of them what it is, and lends two connections.

What is put there is what kombu puts there: a worker, and whoever else reads the queues, sees no difference.
"""

import base64
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import getpid
from typing import Any
from uuid import uuid4

from hiredis import pack_command
from kombu.utils.json import JSONEncoder
from redis import ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

LOST = (ConnectionLost, TookTooLong, OSError)
"""What is raised where Redis cannot be reached, or does not answer."""

AWAY = (RedisError, OSError)
"""What is raised in these cases, or if Redis refuses."""

KEPT = 16
"""Connections that are kept while nobody sends: as many as most workers have threads."""

PERSISTENT = 2
"""The delivery mode that Celery gives to each message. Redis makes no difference."""

_as_json = JSONEncoder().encode
"""As kombu writes JSON, with one encoder for all."""


class Outbox:
    """Connections to the lists that Celery reads as queues. Threads may share one: each put has its own connection.

    new_connection: a connection of redis-py's, which connects when it is first used
    key_prefix: stands before each queue's name, as the transport has it
    """

    def __init__(self, new_connection: Callable[[], Any], key_prefix: str) -> None:
        self._new_connection = new_connection
        self._prefix = key_prefix
        self._idle: deque[Any] = deque()

    def put(self, messages: Sequence[tuple[str, str]]) -> None:
        """Put messages into queues in one round trip: pairs of a queue's name and a message.

        Raises one of AWAY if Redis is away or refuses: it is then unknown which of them arrived.
        """
        commands: list[tuple[Any, ...]] = [("LPUSH", self._prefix + queue, message) for queue, message in messages]
        packed = b"".join(map(pack_command, commands))
        with self._lent() as connection:
            connection.send_packed_command([packed])
            for _ in messages:
                connection.read_response()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().disconnect()

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        """Lend a connection, which ends if anything goes wrong.

        An answer that nobody has read would be taken for that of the next command; and a Redis that refuses may have
        become a copy of another, which the address leads to now.
        """
        connection = self._taken()
        try:
            yield connection
        except BaseException:
            connection.disconnect()
            raise
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.disconnect()

    def _taken(self) -> Any:
        """Return the connection that was used last, if it still is one, or a new one."""
        with suppress(IndexError):
            while (connection := self._idle.pop()).pid != getpid():  # a process that forked has its parent's
                pass
            if connection.is_connected and _has_ended(connection):
                connection.disconnect()
            return connection
        return self._new_connection()


def connecting(redis_url: str, **options: object) -> Callable[[], Any]:
    """Return what makes a connection to this Redis. options: redis-py's, those of TLS among them."""
    pool = ConnectionPool.from_url(redis_url, **options)
    return lambda: pool.connection_class(**pool.connection_kwargs)


def enveloped(queue: str, headers: Mapping[str, Any], properties: Mapping[str, Any], body: Sequence[Any]) -> str:
    """Return a message of Celery's as kombu writes it into a queue of Redis."""
    delivery = {"exchange": "", "routing_key": queue}
    return _as_json(
        {
            "body": base64.b64encode(_as_json(body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                **properties,
                "delivery_mode": PERSISTENT,
                "delivery_info": delivery,
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
    )


def _has_ended(connection: Any) -> bool:
    """Return whether Redis has closed a connection that nobody uses, or said what nobody asked."""
    try:
        return bool(connection.can_read())
    except AWAY:
        return True
