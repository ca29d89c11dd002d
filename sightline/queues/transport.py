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

Kombu notes in a transaction what was taken, and again what is done, and waits for Redis each time. Both are two
commands that reach Redis together. Neither needs MULTI and EXEC, which were a quarter of all commands: BRPOP has taken
the message before, so a transaction that fails has lost it too, and the reconciler sends its step again. The index
comes first and goes last, because an entry of the index without its message is removed after the visibility timeout,
and a message without an entry never is. Nor does a worker wait for the reply, which would be sixteen times an image: it
reads it before the next note. So a message may be in progress a moment before it is known to be noted, and what cannot
be noted while Redis is away is noted later, if the process lives on. What is done is noted with what is taken next, or
about a second later: a worker that is killed in between leaves a message that comes again and finds all done.

A worker's loop turns once for each message, unless the worker is full. Kombu added its sockets to the loop again in
every turn, which was a quarter of the loop's time, and Celery had it turn again for each message that was done, though
threads may say so.
"""

import base64
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Lock
from time import monotonic, time
from typing import Any
from uuid import uuid4

import structlog
from hiredis import pack_command
from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TookTooLong
from vine import promise

from sightline.queues.outbox import LOST

UNREADABLE = "sightline-unreadable"
"""Header of a message that wraps an unreadable item; its value says which rule the item broke."""


COMPRESSION = "compression"

PATIENCE_SECONDS = 15.0
"""As long as a thread waits for Redis itself (`client.py`)."""

SOON_SECONDS = 0.2
"""After this, what is done no longer waits for a message to be noted with; a loop that rests turns once a second."""

log = structlog.get_logger()


class Message(virtual.Message):
    """A message that is not unpacked."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        headers = payload.get("headers")
        if isinstance(headers, dict) and headers.get(COMPRESSION):
            payload = payload | {"headers": {name: headers[name] for name in headers if name != COMPRESSION}}
        super().__init__(payload, channel=channel, **options)


class DeferredReplies:
    """A connection for commands whose replies are read when the next are sent. Threads may share one.

    The commands must be such that nothing changes if they are sent twice: what was not sent, or not answered before the
    connection was lost, is kept and goes first, in order, with the next. What Redis refuses is logged, and not kept.
    patience_seconds: how long a thread waits for others that wait for Redis
    """

    def __init__(self, connection: Any, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._connection = connection
        self._patience_seconds = patience_seconds
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._unanswered: list[tuple[Any, ...]] = []
        self._written_at = 0.0
        self._lock = Lock()

    def keep(self, *commands: tuple[Any, ...]) -> None:
        """Keep commands to be sent with the next ones. Threads do not wait for each other here, nor for Redis."""
        self._waiting.extend(commands)

    def settle_old(self, seconds: float) -> None:
        """Settle what is left if nothing was sent for so long. Raises one of LOST if Redis is away: then it is kept."""
        if (self._waiting or self._unanswered) and monotonic() - self._written_at >= seconds:
            self.settle()

    def send(self, *commands: tuple[Any, ...]) -> None:
        """Send commands after those that wait. Raises one of LOST if Redis is away: then they are kept."""
        self._waiting.extend(commands)
        with self._held():
            if self._waiting:  # else another thread has sent them meanwhile
                self._read()
                self._write()

    def settle(self) -> None:
        """Wait until Redis has answered all that was sent. Raises one of LOST if it does not."""
        with self._held():
            self._read()
            if self._waiting or self._unanswered:
                self._write()
                self._read()
            if self._unanswered:
                raise ConnectionLost("Redis went away twice before it answered")

    def close(self) -> None:
        """Close the connection. What is sent later opens it again."""
        with self._held():
            self._connection.disconnect()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock, for which nobody waits longer than for Redis. What is interrupted begins anew."""
        if not self._lock.acquire(timeout=self._patience_seconds):
            raise TookTooLong("other threads wait for Redis as well")
        try:
            yield
        except BaseException:
            self._connection.disconnect()
            raise
        finally:
            self._lock.release()

    def _write(self) -> None:
        while self._waiting:
            self._unanswered.append(self._waiting.popleft())
        packed = [b"".join(map(pack_command, self._unanswered))]  # redis-py would take twice as long to make the same
        try:
            self._require_fresh()
            self._connection.send_packed_command(packed)
        except (ConnectionLost, OSError):  # perhaps long ago. Not after a timeout: that would take as long again
            self._connection.disconnect()
            self._connection.send_packed_command(packed)
        self._written_at = monotonic()

    def _require_fresh(self) -> None:
        """Raise ConnectionLost if the connection was closed while nobody used it; have redis-py ask after a long rest.

        A socket takes what is sent to a server that has gone, and nobody would know before the next note.
        """
        if monotonic() - self._written_at > self._connection.health_check_interval:
            self._connection.next_health_check = 0
        if self._connection.is_connected and self._connection.can_read():
            raise ConnectionLost("nothing was asked, and there is something to read")

    def _read(self) -> None:
        """Read the replies. If they cannot be read, their commands stay unanswered."""
        try:
            replies = [self._reply() for _ in self._unanswered]
        except LOST:
            self._connection.disconnect()
            return
        self._unanswered = []
        for refused in {str(each) for each in replies if isinstance(each, ResponseError)}:
            log.error("Redis refused to note what is in progress: if this process dies, it waits longer", error=refused)

    def _reply(self) -> Any:
        try:
            return self._connection.read_response()
        except ResponseError as error:
            return error


class QoS(redis.QoS):
    """What is in progress, noted without transactions and without waiting for Redis."""

    def __init__(self, channel: Any, prefetch_count: int = 0) -> None:
        super().__init__(channel, prefetch_count)
        self._transport = channel.connection  # the channel forgets it when it closes
        self._counting_out = Lock()
        self._settling = promise(self._settle_closed)  # one and the same: a loop keeps what it is to call as a set

    @cached_property
    def _notes(self) -> DeferredReplies:
        with self.channel.conn_or_acquire() as client:  # type: ignore[attr-defined] # stubs leave it out
            return DeferredReplies(client.connection_pool.get_connection())

    @cached_property
    def _keys(self) -> tuple[str, str]:
        """Return the keys of the messages and of their index, as Redis has them."""
        prefix = self.channel.global_keyprefix  # type: ignore[attr-defined] # stubs leave it out
        return prefix + self.unacked_key, prefix + self.unacked_index_key

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note that a message was taken."""
        messages, index = self._keys
        where = [message.delivery_info[name] for name in ("exchange", "routing_key")]
        noted = dumps([message._raw, *where])  # noqa: SLF001 - so does kombu
        try:
            self._notes.send(("ZADD", index, time(), delivery_tag), ("HSET", messages, delivery_tag, noted))
        finally:  # it is kept to be sent, so that the channel has it to give back
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Note that a message is done: with the note of the next one that is taken, or soon. Any thread may say so."""
        messages, index = self._keys
        done = ("HDEL", messages, delivery_tag), ("ZREM", index, delivery_tag)
        loop, is_open = self._transport.loop, not self.channel.closed
        try:
            (self._notes.keep if loop and is_open else self._notes.send)(*done)
        except LOST:
            if loop is None:
                raise
        finally:  # it is kept to be sent, and another message may be taken
            self._count_out(delivery_tag, loop)
        if loop and self.channel.closed:
            loop.call_soon(self._settling)

    def _count_out(self, delivery_tag: str, loop: Any) -> None:
        """Have another message taken in the place of one, by a loop that may rest since it saw no place.

        By one thread at a time, and the loop looks after each message that it takes: so either it sees the place, or
        the thread sees that there was none.
        """
        with self._counting_out:
            virtual.QoS.ack(self, delivery_tag)
            is_first_place = self.prefetch_count and self.can_consume_max_estimate() <= 1
        if loop and is_first_place:
            loop.call_soon(_turn)

    def settle_old(self) -> None:
        """Send what has waited for a note to go with. A loop that turns meets by itself what is wrong with Redis."""
        if "_notes" in vars(self):
            with suppress(*LOST, RedisError):
                self._notes.settle_old(SOON_SECONDS)

    def _settle_closed(self) -> None:
        """Note what was done when Redis was away, and the channel with it; in the next turn if it still is."""
        try:
            self._notes.settle()
        except LOST:
            if self._transport.loop:
                self._transport.loop.call_soon(self._settling)
        except RedisError:
            log.exception("Redis refused to note what is done: it comes again")
        else:
            with suppress(*LOST):
                self._notes.close()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface
        """Give a message back to its queue, or note that it is done."""
        if requeue:
            super().reject(delivery_tag, requeue=True)
        else:
            self.ack(delivery_tag)

    def restore_by_tag(self, tag: str, client: Any = None, leftmost: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface
        """Give a message back to its queue, once it is surely noted: this goes through another connection."""
        self._notes.settle()
        super().restore_by_tag(tag, client, leftmost)

    def restore_unacked_once(self, stderr: Any = None) -> None:
        """When the channel closes, give back what is left, once all is noted.

        If Redis is away, it keeps what it was told, and is told the rest later.
        """
        if "_notes" not in vars(self):
            super().restore_unacked_once(stderr)
            return
        try:
            self._settle_closed()
            super().restore_unacked_once(stderr)
        finally:
            with suppress(*LOST):
                self._notes.close()


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
        for name in (message.delivery_tag, *where):
            if not isinstance(name, str):
                raise TypeError("delivery_tag, exchange and routing_key must be texts")
            name.encode()  # JSON may escape halves of characters, of which no command can be made
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

    loop: Any = None
    """The worker's; None if none reads these channels. Kombu's own word for it is forgotten once Redis was away."""

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Have the loop read the sockets of all channels, and send what is done in each turn that comes late enough."""
        self.loop = loop
        super().register_with_event_loop(connection, Registering(loop))
        loop.on_tick.add(self._settle_old)

    def _settle_old(self) -> None:
        cycle: Any = self.cycle
        for channel in cycle._channels:  # noqa: SLF001 - as kombu's own turn does
            channel.qos.settle_old()


class Registering:
    """A loop to which a socket is added once, although kombu adds all of them in each turn.

    A loop forgets a socket where kombu has it removed: when its connection is lost, or while no message may be taken.
    """

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def add_reader(self, fd: int, callback: Any, *args: Any) -> None:
        """Add a socket, unless it is there."""
        if fd not in self._loop.readers:
            self._loop.add_reader(fd, callback, *args)


def _turn() -> None:
    """Do nothing: to be called is to turn."""
