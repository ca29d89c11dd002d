"""Kombu's transport for Redis, with three repairs, one client for each channel, and fewer commands.

A worker survives the loss of Redis while it has work in progress.

A message in progress belongs to the channel that it came through. When Redis goes away, Celery closes that channel and
continues with another; kombu 5.7.0 then no longer knows the address of Redis, and the first of these messages to be
returned or acknowledged ends the whole worker with an AttributeError. A channel that remembers the address can do both.

A worker also survives an item that is not a message. Redis accepts any text in a queue's list. Kombu removes it before
it finds that it cannot read it: the worker ends and the text is lost. Here such a text becomes the body of a readable
message, which reaches the consumer like any other, and the consumer keeps it.

A worker never unpacks a message. Kombu does as soon as a header says so, whatever is inside: 260 kB become 200 MB.
sightline compresses nothing, so in a queue such a message is refused, and in a mailbox the header is ignored.

Kombu makes a new client for each command. Clients share their channel's pool of connections and threads may share a
client, so one is kept for as long as the pool is.

Kombu notes in a transaction what was taken, and again what is done. Both are two commands that reach Redis together.
Neither needs MULTI and EXEC, which were a quarter of all commands: BRPOP has taken the message before, so a transaction
that fails has lost it too, and the reconciler sends its step again. The index comes first and goes last, because an
entry of the index without its message is removed after the visibility timeout, and a message without an entry never is.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from kombu.transport import redis, virtual

UNREADABLE = "sightline-unreadable"
"""Header of a message that wraps an unreadable item; its value says which rule the item broke."""


COMPRESSION = "compression"


class Message(virtual.Message):
    """A message that is not unpacked."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        headers = payload.get("headers")
        if isinstance(headers, dict) and headers.get(COMPRESSION):
            payload = payload | {"headers": {name: headers[name] for name in headers if name != COMPRESSION}}
        super().__init__(payload, channel=channel, **options)


class QoS(redis.QoS):
    """What is in progress, noted without transactions."""

    @contextmanager
    def pipe_or_acquire(self, pipe: Any = None, client: Any = None) -> Iterator[Any]:
        """Lend a pipeline; one that is passed in is a transaction, which gives a message back to its queue."""
        if pipe is not None:
            yield pipe
            return
        with self.channel.conn_or_acquire(client) as lent:  # type: ignore[attr-defined] # stubs leave it out
            yield lent.pipeline(transaction=False)

    def _remove_from_indices(self, delivery_tag: str, pipe: Any = None) -> Any:
        """Remove a message, then its entry in the index."""
        with self.pipe_or_acquire(pipe) as lent:
            return lent.hdel(self.unacked_key, delivery_tag).zrem(self.unacked_index_key, delivery_tag)


class Channel(redis.Channel):
    """A channel that still knows Redis's address after its connection is closed, and reads whatever is in a queue."""

    Message = Message
    QoS = QoS

    _remembered: dict[str, Any] | None = None
    _kept: Any = None

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the interface
        """Return the Redis connection parameters."""
        if getattr(self.connection, "client", None) or self._remembered is None:
            self._remembered = super()._connparams(asynchronous)  # type: ignore[misc] # stubs leave it out
        return dict(self._remembered)

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - the interface
        """Make a client whose BRPOP gives messages only."""
        client = super()._create_client(asynchronous)  # type: ignore[misc] # stubs leave it out
        client.set_response_callback("BRPOP", self._popped)
        return client

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """Lend a client for one command, or several. It is another one once the channel has another pool."""
        kept = client or self._kept
        if kept is None or (client is None and kept.connection_pool is not self.pool):
            self._kept = kept = self._create_client()
        yield kept

    def _popped(self, answer: list[bytes] | None, **_: Any) -> tuple[bytes, bytes] | None:
        """Return key and message. answer: None if BRPOP timed out."""
        if not answer:
            return None
        key, item = answer
        try:
            self._check(json.loads(item.decode()))
        except Exception as error:  # noqa: BLE001 - whatever reading it raises would end the worker
            queue = key.decode().removeprefix(self.global_keyprefix)
            return key, _envelope(item, queue, f"a queue's item must be a message in Celery's form: {error!r}")
        return key, item

    def _check(self, envelope: Any) -> None:
        """Read an envelope as kombu will, and what kombu takes for granted when it notes the message as taken."""
        if envelope["headers"].get(COMPRESSION):
            raise ValueError("a message must not be compressed")
        message = self.Message(envelope, channel=self)
        where = [message.delivery_info[name] for name in ("exchange", "routing_key")]
        if not all(isinstance(name, str) for name in [message.delivery_tag, *where]):
            raise TypeError("delivery_tag, exchange and routing_key must be texts")
        message.headers.items()


def _envelope(item: bytes, queue: str, rule: str) -> bytes:
    """Wrap an item that is not a message in a valid one.

    queue: where it was found, and where it returns if this process dies
    """
    delivery = {"exchange": "", "routing_key": queue}
    properties = {"delivery_tag": str(uuid4()), "delivery_info": delivery, "body_encoding": "base64"}
    body = base64.b64encode(item).decode()
    return json.dumps({"body": body, "headers": {UNREADABLE: rule}, "properties": properties}).encode()


class Transport(redis.Transport):
    """The transport to name in `broker_transport`."""

    Channel = Channel
