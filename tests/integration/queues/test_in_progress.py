"""What Redis holds of a message that a worker has taken: its text and an entry of the index, until it is done."""

from collections.abc import Iterator

import pytest
import redis
from kombu import Connection
from kombu.simple import SimpleQueue

from sightline.queues.transport import Transport


@pytest.fixture
def connection(redis_url, prefix) -> Iterator[Connection]:
    options = {"global_keyprefix": prefix, "visibility_timeout": 600}
    with Connection(redis_url, transport=Transport, transport_options=options) as connection:
        yield connection


@pytest.fixture
def in_progress(redis_url, prefix):
    with redis.Redis.from_url(redis_url) as client:
        yield lambda: (client.hlen(f"{prefix}unacked"), client.zcard(f"{prefix}unacked_index"))


def test_a_message_is_noted_when_it_is_taken_and_forgotten_when_it_is_done(connection, in_progress):
    queue = SimpleQueue(connection, "ingest")
    queue.put({"key": "yard/a.jpg"})
    message = queue.get(timeout=30)
    assert (1, 1) == in_progress()
    message.ack()
    assert (0, 0) == in_progress()


def test_a_message_that_is_given_back_is_taken_again(connection, in_progress):
    queue = SimpleQueue(connection, "ingest")
    queue.put({"key": "yard/a.jpg"})
    queue.get(timeout=30).requeue()
    assert (0, 0) == in_progress()
    assert {"key": "yard/a.jpg"} == queue.get(timeout=30).payload


def test_an_entry_of_the_index_whose_message_was_never_written_goes_after_the_visibility_timeout(
    connection, in_progress, redis_url, prefix
):
    with redis.Redis.from_url(redis_url) as client:
        client.zadd(f"{prefix}unacked_index", {"half": 0})
    assert (0, 1) == in_progress()
    connection.default_channel.qos.restore_visible(interval=1)
    assert (0, 0) == in_progress()
