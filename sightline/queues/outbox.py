"""Put messages into queues past kombu, which asks its settings for each of them what it is, and lends two connections.

What is put there is what kombu puts there: a worker, and whoever else reads the queues, sees no difference.
"""

import base64
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import getpid
from typing import Any
from uuid import uuid4

from hiredis import pack_command
from redis import ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TookTooLong

from sightline.queues.tls import tls_options, without_tls_options

LOST = (ConnectionLost, TookTooLong, OSError)
"""What is raised where Redis cannot be reached, or does not answer."""

AWAY = (*LOST, RedisError)
"""What is raised in these cases, or if Redis refuses."""

PERSISTENT = 2
"""The delivery mode that Celery gives to each message. Redis makes no difference."""


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
            replies = [_reply(connection) for _ in messages]
        for each in replies:
            if isinstance(each, ResponseError):
                raise each

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().disconnect()

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        connection = self._taken()
        try:
            yield connection
        except BaseException:
            connection.disconnect()  # an answer may still come, and would be taken for that of the next command
            raise
        finally:
            self._idle.append(connection)

    def _taken(self) -> Any:
        """Return the connection that was used last, if it still is one, or a new one."""
        with suppress(IndexError):
            while (connection := self._idle.pop()).pid != getpid():  # a process that forked has its parent's
                pass
            if connection.is_connected and _has_ended(connection):
                connection.disconnect()
            return connection
        return self._new_connection()


def connecting(redis_url: str, ca_file: str | None, **options: object) -> Callable[[], Any]:
    """Return what makes a connection to this Redis. ca_file: certificates to trust for `rediss://`."""
    pool = ConnectionPool.from_url(without_tls_options(redis_url), **options, **tls_options(redis_url, ca_file))
    return lambda: pool.connection_class(**pool.connection_kwargs)


def enveloped(queue: str, headers: Mapping[str, Any], properties: Mapping[str, Any], body: Sequence[Any]) -> str:
    """Return a message of Celery's as kombu writes it into a queue of Redis."""
    delivery = {"exchange": "", "routing_key": queue}
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
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


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as refusal:
        return refusal
