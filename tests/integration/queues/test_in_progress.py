"""What Redis holds of a message that a worker has taken: its text and an entry of the index, until it is done."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
import redis
from kombu import Connection, Consumer, Queue
from kombu.asynchronous import Hub
from kombu.simple import SimpleQueue

from sightline.queues.transport import Transport


@pytest.fixture
def connection(redis_url, prefix) -> Iterator[Connection]:
    options = {"global_keyprefix": prefix, "visibility_timeout": 600}
    with Connection(redis_url, transport=Transport, transport_options=options) as connection:
        yield connection


@pytest.fixture
def queue(connection) -> SimpleQueue:
    """Give a queue in which one message waits."""
    made = SimpleQueue(connection, "ingest")
    made.put({"key": "yard/a.jpg"})
    return made


@pytest.fixture
def in_progress(redis_url, prefix):
    with redis.Redis.from_url(redis_url) as client:
        yield lambda: (client.hlen(f"{prefix}unacked"), client.zcard(f"{prefix}unacked_index"))


def test_a_message_is_noted_when_it_is_taken_and_forgotten_when_it_is_done(queue, in_progress):
    message = queue.get(timeout=30)
    _settled(queue)
    assert (1, 1) == in_progress()
    message.ack()
    _settled(queue)
    assert (0, 0) == in_progress()


def test_a_message_that_is_given_back_is_taken_again(queue, in_progress):
    queue.get(timeout=30).requeue()
    assert (0, 0) == in_progress()
    assert {"key": "yard/a.jpg"} == queue.get(timeout=30).payload


def test_notes_whose_connection_breaks_before_redis_answers_are_sent_again(queue, in_progress):
    message = queue.get(timeout=30)
    _break(queue)
    message.ack()
    _break(queue)
    _settled(queue)
    assert (0, 0) == in_progress()


def test_a_message_that_is_given_back_after_its_note_was_lost_is_taken_again(queue, in_progress):
    message = queue.get(timeout=30)
    _break(queue)
    message.requeue()
    assert (0, 0) == in_progress()
    assert {"key": "yard/a.jpg"} == queue.get(timeout=30).payload


def test_a_note_on_a_connection_that_redis_closed_while_it_rested_arrives(queue, in_progress, redis_url):
    queue.put({"key": "yard/b.jpg"})
    queue.get(timeout=30).ack()
    _settled(queue)
    host, port = _notes(queue)._connection._sock.getsockname()
    with redis.Redis.from_url(redis_url) as client:
        client.client_kill(f"{host}:{port}")
    message = queue.get(timeout=30)
    _answered(queue)
    assert (1, 1) == in_progress()
    message.ack()
    _settled(queue)
    assert (0, 0) == in_progress()


def test_what_redis_refuses_to_note_takes_no_place_from_other_messages(queue, in_progress, redis_url, prefix):
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"{prefix}unacked", "no hash")
        message = queue.get(timeout=30)
        _answered(queue)
        client.delete(f"{prefix}unacked")
    message.ack()
    _settled(queue)
    assert (0, 0) == in_progress()
    _qos(queue).prefetch_count = 1
    assert _qos(queue).can_consume()


def test_a_channel_that_closes_waits_until_its_notes_have_arrived(queue, in_progress):
    queue.get(timeout=30).ack()
    queue.channel.close()
    assert (0, 0) == in_progress()


def test_an_entry_of_the_index_whose_message_was_never_written_goes_after_the_visibility_timeout(
    connection, in_progress, redis_url, prefix
):
    with redis.Redis.from_url(redis_url) as client:
        client.zadd(f"{prefix}unacked_index", {"half": 0})
    assert (0, 1) == in_progress()
    connection.default_channel.qos.restore_visible(interval=1)
    assert (0, 0) == in_progress()


def _qos(queue: Any) -> Any:
    return queue.channel.qos


def _notes(queue: Any) -> Any:
    return _qos(queue)._notes


def _settled(queue: Any) -> None:
    """Wait until Redis has done what was noted."""
    _notes(queue).settle()


def _break(queue: Any) -> None:
    """Break the connection of the notes, of which no reply was read."""
    _notes(queue)._connection._sock.shutdown(socket.SHUT_RDWR)


def _answered(queue: Any) -> None:
    """Wait until Redis has replied, without reading."""
    select.select([_notes(queue)._connection._sock], [], [], 30)


def test_what_threads_have_done_is_noted_and_the_next_messages_are_taken(connection, in_progress):
    taken: list[Any] = []
    with running_loop(connection) as loop, taking(connection, taken, at_once=1) as channel:
        assert channel.connection.loop is loop
        until(loop, lambda: len(taken) == 1)
        Thread(target=taken[0].ack).start()
        until(loop, lambda: len(taken) == 2)
        Thread(target=taken[1].ack).start()
        until(loop, lambda: in_progress() == (0, 0))
    assert [1, 2] == [message.payload["number"] for message in taken]


def test_a_loop_adds_a_socket_once_and_again_once_its_connection_is_another(connection):
    taken: list[Any] = []
    with running_loop(connection) as loop, taking(connection, taken, at_once=2) as channel:
        until(loop, lambda: len(taken) == 2)
        for message in taken:
            message.ack()
        first = channel.client.connection._sock.fileno()
        assert 1 == loop.added.count(first)
        channel.client.connection.disconnect()
        loop.added.clear()
        SimpleQueue(connection, "ingest").put({"number": 3})
        until(loop, lambda: len(taken) == 3)
        assert 1 == loop.added.count(channel.client.connection._sock.fileno())
    assert [1, 2, 3] == [message.payload["number"] for message in taken]


def test_what_was_done_after_its_channel_closed_is_noted(connection, in_progress):
    taken: list[Any] = []
    with running_loop(connection) as loop, taking(connection, taken, at_once=1) as channel:
        until(loop, lambda: len(taken) == 1)
        channel.do_restore = False  # as if Redis were away: nothing can be given back
        channel.close()
        loop.reset()  # as Celery does when it has lost Redis
        assert (1, 1) == in_progress()
        Thread(target=taken[0].ack).start()
        until(loop, lambda: in_progress() == (0, 0))


class CountedHub(Hub):
    """A loop that keeps which sockets were added to it."""

    def __init__(self):
        super().__init__()
        self.added: list[int] = []

    def add_reader(self, fds, callback, *args):
        self.added.append(fds)
        super().add_reader(fds, callback, *args)


@contextmanager
def running_loop(connection):
    """Give a loop that reads the connection's channels."""
    hub = CountedHub()
    try:
        connection.register_with_event_loop(hub)
        yield hub
    finally:
        hub.close()


@contextmanager
def taking(connection, taken, at_once):
    """Put two messages in a queue and take them in the loop, so many at once; give the channel."""
    queue = SimpleQueue(connection, "ingest")
    for number in (1, 2):
        queue.put({"number": number})
    channel = connection.channel()
    channel.basic_qos(prefetch_count=at_once)
    with Consumer(channel, [Queue("ingest")], callbacks=[lambda _, message: taken.append(message)]):
        yield channel


def until(loop, is_so, turns=120):
    """Turn the loop until something is so. A turn takes at most a second."""
    while not is_so():
        assert turns > 0
        turns -= 1
        loop.run_once()
