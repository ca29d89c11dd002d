"""What anybody can push into a queue's list, and a real worker that has to outlive it."""

import base64
import json

import pytest
import redis

from sightline.models.images import Lane, State
from sightline.queues.publishing import publish
from sightline.queues.steps import ingest_step
from tests.integration.workers.test_refused_and_poison import URIS, until, working, world

__all__ = ["world"]

EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def envelope(name: str, body: object = None, headers: object = None, **changed: object) -> str:
    """Give a message as Celery writes it, with some of it replaced. name: makes it one that no other is."""
    arguments = [[f"no-uri-{name}"], {}, EMBEDDED] if body is None else body
    properties = {
        "delivery_tag": name, "body_encoding": "base64", "delivery_mode": 2, "priority": 0,
        "delivery_info": {"exchange": "", "routing_key": "ingest"}, "correlation_id": name, "reply_to": name,
    }  # fmt: skip
    message = {
        "body": base64.b64encode(json.dumps(arguments).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "ingest_image", "id": name} | headers if isinstance(headers, dict) else [1],
        "properties": properties | changed.pop("properties", {}),  # type: ignore[operator]
    }
    return json.dumps(message | changed)


BODIES = [[1], [["s3://b/two"], {}], [["s3://b/four"], {}, {}, 4], {"a": 1}, "x", 5, [{"a": 1}, {}, EMBEDDED]]
HEADERS = [
    {"timelimit": 5}, {"id": {"a": 1}}, {"task": ["x"]}, {"task": {"a": 1}}, {"task": "\ud800"},
    {"eta": "never"}, {"expires": [1]}, {"retries": "x"}, {"stamps": 5, "stamped_headers": 7},
    {"compression": "x"}, {"compression": "application/x-gzip"}, {"eta": "9999-12-31T23:59:59Z"}, {"eta": 7},
]  # fmt: skip
ENVELOPES = [
    envelope("headers-list"),
    envelope("null", headers={}, body="bnVsbA=="),
    envelope("zip", headers={}, properties={"body_encoding": "zip"}),
    envelope("no-base64", headers={}, body="a"),
    envelope("tag", headers={}, properties={"delivery_tag": {"a": 1}}),
    envelope("half-tag", headers={}, properties={"delivery_tag": "\ud800"}),
    envelope("half-queue", headers={}, properties={"delivery_info": {"exchange": "", "routing_key": "\ud800"}}),
    envelope("nowhere", headers={}, properties={"delivery_info": {}}),
    "garbage", "5", "null", "[]", "{}", b"\xff\xfe", "[" * 100_000,
]  # fmt: skip
ODD = [
    *(envelope(f"body-{n}", body, {}) for n, body in enumerate(BODIES)),
    *(envelope(f"header-{n}", headers=headers) for n, headers in enumerate(HEADERS)),
    *ENVELOPES,
]


@pytest.fixture
def odd(app, redis_url):
    """Push odd items, oldest first, and give how many there are in all queues and in hand."""
    prefix = app.conf.broker_transport_options["global_keyprefix"]
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(f"{prefix}ingest", *ODD)
        yield lambda: client.llen(f"{prefix}ingest") + client.hlen(f"{prefix}unacked")


def test_a_worker_keeps_each_odd_message_as_a_letter_and_does_the_good_one_behind_them(app, world, odd):
    publish([ingest_step(URIS[0], Lane.LIVE)])
    with working(app, world):
        assert until(world, lambda: (row := world.images.get(URIS[0])) and row.state is State.COMPLETE)
        assert until(world, lambda: not odd())
        assert until(world, lambda: len(ODD) == len(list(world.operations.dead_letters.read())))
        publish([ingest_step(URIS[1], Lane.LIVE)])
        assert until(world, lambda: (row := world.images.get(URIS[1])) and row.state is State.COMPLETE)
