"""What is read of the queues that Celery itself fills."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from sightline.errors import Unavailable
from sightline.models.images import Lane
from sightline.queues.client import Client, make_client
from sightline.queues.publishing import _publish_through
from sightline.queues.redis import NOTHING, RedisQueues, Standing, Waiting
from sightline.queues.steps import ingest_step


@pytest.fixture
def app(redis_url, prefix) -> Iterator[Client]:
    app = make_client(redis_url, prefix)
    yield app
    app.close()


@pytest.fixture
def queues(redis_url, prefix) -> Iterator[RedisQueues]:
    with redis.Redis.from_url(redis_url) as client:
        yield RedisQueues(client, prefix)


def test_an_empty_queue_holds_nothing(queues):
    assert Standing({"ingest": NOTHING, "rows": NOTHING}, 0) == queues.read(["ingest", "rows"])


def test_the_message_that_is_next_to_go_says_when_it_was_sent(app, queues):
    before = datetime.now(UTC)
    _publish_through(app, [ingest_step("s3://b/first.jpg", Lane.LIVE)], {})
    between = datetime.now(UTC)
    time.sleep(0.01)
    _publish_through(app, [ingest_step("s3://b/second.jpg", Lane.LIVE)], {})
    seen = queues.read(["ingest"]).waiting["ingest"]
    assert seen.messages == 2
    assert before - timedelta(milliseconds=1) <= seen.sent_at <= between + timedelta(milliseconds=1)


def test_a_message_of_a_client_that_says_no_time_has_none(redis_url, prefix, queues):
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(f"{prefix}ingest", '{"headers": {}, "body": ""}')
    assert {"ingest": Waiting(1)} == queues.read(["ingest"]).waiting


def test_a_redis_that_is_away_is_unavailable():
    with redis.Redis(port=1) as nobody, pytest.raises(Unavailable):
        RedisQueues(nobody, "x:").read(["ingest"])


@pytest.mark.parametrize(
    "item",
    [
        "garbage", "5", "null", "[1]", b"\xff\xfe", '{"headers": [1]}', '{"headers": {"sent_at": "x"}}',
        '{"headers": {"sent_at": NaN}}', '{"headers": {"sent_at": Infinity}}', '{"headers": {"sent_at": 1e300}}',
    ],
)  # fmt: skip
def test_an_odd_item_at_the_head_of_a_queue_is_counted_and_has_no_time(redis_url, prefix, queues, item):
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(f"{prefix}ingest", item)
    assert {"ingest": Waiting(1)} == queues.read(["ingest"]).waiting


def test_a_redis_at_its_limit_takes_no_write_and_names_its_policy(own_redis):
    with own_redis.client() as client:
        queues = RedisQueues(client, "sightline:")
        queues.try_write()
        assert abs((queues.time() - datetime.now(UTC)).total_seconds()) < 5
        client.config_set("maxmemory", 1)
        memory = queues.memory()
        assert (memory.policy, memory.max_bytes, memory.evicted, memory.drops_messages) == ("noeviction", 1, 0, False)
        with pytest.raises(Unavailable, match="used memory"):
            queues.try_write()


def test_evicted_keys_are_counted(own_redis):
    with own_redis.client() as client:
        client.set("a", "x" * 1000)
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", 1)
        with contextlib.suppress(redis.RedisError):
            client.set("b", "x")
        memory = RedisQueues(client, "sightline:").memory()
        assert (memory.evicted >= 1, memory.drops_messages) == (True, True)
