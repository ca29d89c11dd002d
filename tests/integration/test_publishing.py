"""Sending steps: what a message says, and what becomes of it where the broker is away."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from celery import signature
from celery.exceptions import QueueNotFound
from kombu.exceptions import OperationalError

from sightline.errors import Unavailable
from sightline.models.images import Lane
from sightline.queues.client import Client, make_client
from sightline.queues.publishing import BATCH, _options, _publish_through
from sightline.queues.steps import Step, detect_step, ingest_step, write_step
from sightline.services.failures import is_its_own
from tasks.retry import StepTask

URI = "s3://b/c/d.jpg"
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def prefix(redis_url: str) -> Iterator[str]:
    """Give this test's messages a place of their own."""
    prefix = "test-publishing:"
    with redis.Redis.from_url(redis_url) as client:
        yield prefix
        if keys := list(client.scan_iter(f"{prefix}*")):
            client.delete(*keys)


@pytest.fixture
def app(redis_url: str, prefix: str) -> Iterator[Client]:
    made = make_client(redis_url, prefix)
    yield made
    made.close()


@pytest.fixture
def taken(redis_url: str, prefix: str) -> Iterator[Callable[[str], Any]]:
    """Give what takes a queue's next message, as Redis has it, with its body read."""
    with redis.Redis.from_url(redis_url) as client:

        def take(queue: str) -> Any:
            message = json.loads(client.rpop(prefix + queue))
            return message | {"body": json.loads(base64.b64decode(message["body"]))}

        yield take


@pytest.fixture
def sent(app: Client, taken: Callable[[str], Any]) -> Callable[[Step], Any]:
    def send(step: Step) -> Any:
        _publish_through(app, [step], {})
        return taken(step.queue_name)

    return send


@pytest.fixture
def following(app: Client) -> Any:
    """Give the task of a chain's second link."""

    return app.task(base=StepTask, name="following", shared=False)(do_nothing)


def do_nothing(*_: str) -> None:
    """Do nothing."""


def test_a_broker_that_is_away_is_unavailable_and_no_fault_of_an_image():
    with pytest.raises(Unavailable) as raised:
        _publish_through(make_client(NOBODY, "x:"), [ingest_step(URI, Lane.LIVE)], {})
    assert "Redis" == raised.value.subject
    assert not is_its_own(raised.value)


def test_a_message_shows_its_arguments_as_plain_texts(sent):
    assert f"('{URI}', 'live')" == sent(ingest_step(URI, Lane.LIVE))["headers"]["argsrepr"]


def test_the_next_message_of_a_chain_will_be_sent_as_cheaply(sent):
    _, _, embedded = sent(detect_step(URI, "labels", Lane.LIVE))["body"]
    options = embedded["chain"][0]["options"]
    assert [] == options["declare"]
    assert f"('{URI}', 'labels', 'live')" == options["argsrepr"]


def test_nothing_to_send_asks_for_no_connection():
    _publish_through(make_client(NOBODY, "x:"), [], {})


def test_a_message_to_a_queue_that_does_not_exist_is_refused(app):
    with pytest.raises(QueueNotFound, match="nosuch"):
        _publish_through(app, [replace(ingest_step(URI, Lane.LIVE), queue="nosuch")], {})


def test_messages_keep_their_order_beyond_a_round_trip(app, taken):
    uris = [f"s3://b/c/{number}.jpg" for number in range(BATCH + 2)]
    _publish_through(app, (ingest_step(uri, Lane.LIVE) for uri in uris), {})
    assert uris == [taken("ingest")["body"][0][0] for _ in uris]


def test_what_came_before_a_step_that_cannot_be_made_is_sent_in_full_round_trips(app, taken):
    def steps() -> Iterator[Step]:
        for number in range(BATCH + 1):
            yield ingest_step(f"s3://b/c/{number}.jpg", Lane.LIVE)
        raise LookupError

    with pytest.raises(LookupError):
        _publish_through(app, steps(), {})
    assert [taken("ingest")["body"][0][1] for _ in range(BATCH)] == ["live"] * BATCH
    with pytest.raises(TypeError):
        taken("ingest")


def test_a_message_says_what_celery_would_have_it_say(app, sent, taken):
    """`send_task` is Celery's own way. What differs is of this one message: its ids, when, and where replies go."""
    step = replace(ingest_step(URI, Lane.LIVE), headers={"carried": 1})
    ours = sent(step)
    app.send_task(step.task, step.args, **_options(step, {}))
    assert without_its_own(ours) == without_its_own(taken("ingest"), ignore_result=True)


def test_the_next_link_of_a_chain_is_sent_as_celery_would_send_it(following, taken):
    app, step = following.app, replace(write_step(URI, "labels", Lane.LIVE), task=following.name)
    link = json.loads(json.dumps(app.signature(step.task, args=step.args, immutable=True, **_options(step, {"a": 1}))))
    said: dict[str, Any] = {"chain": [], "root_id": "first", "parent_id": "second", "priority": None}
    signature(link, app=app).apply_async((None,), **said)
    ours = taken("rows")
    assert "second" == ours["headers"]["parent_id"]
    signature(link, app=app).apply_async((None,), **said, retries=0)
    theirs = taken("rows")
    assert without_its_own(ours) == without_its_own(theirs)
    assert ("first", "first") == (ours["headers"]["root_id"], theirs["headers"]["root_id"])


def without_its_own(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a message says beside what it has for itself, which must be there.

    Celery says twice what Flower shows, and Flower reads the headers.
    """
    headers, properties = dict(message["headers"]), dict(message["properties"])
    for own in ("id", "root_id", "sent_at"):
        assert headers.pop(own)
    for own in ("correlation_id", "delivery_tag"):
        assert properties.pop(own)
    for other in ("reply_to", "argsrepr", "kwargsrepr"):
        properties.pop(other, None)
    return message | {"headers": headers | more, "properties": properties}


def test_a_message_from_a_task_names_the_messages_that_led_to_it(app, sent):
    seen = {}

    @app.task(name="sender", shared=False)  # type: ignore[untyped-decorator] # Celery's has no type
    def sender() -> None:
        seen.update(sent(ingest_step(URI, Lane.LIVE))["headers"])

    sender.apply(task_id="first")
    assert ("first", "first") == (seen["root_id"], seen["parent_id"])


def test_the_next_link_of_a_chain_fails_its_step_as_celerys_own_error_does():
    """Celery takes no other error for one of sending, and would end the worker's thread."""
    app = make_client(NOBODY, "x:")
    app.patience = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    task = app.task(base=StepTask, name="following", shared=False)(do_nothing)
    with pytest.raises(OperationalError):
        task.apply_async((URI, "labels", "live"), queue="rows", declare=[], root_id="first")


def test_a_link_to_a_queue_that_does_not_exist_is_refused_as_by_celery(following):
    with pytest.raises(QueueNotFound, match="nosuch"):
        following.apply_async((URI, "labels", "live"), queue="nosuch", root_id="first")


def test_what_a_task_sends_by_itself_names_the_messages_that_led_to_it(following, taken):
    seen = {}

    @following.app.task(name="sender", shared=False)  # type: ignore[untyped-decorator] # the fixture is of Celery
    def sender() -> None:
        following.apply_async((URI, "labels", "live"), queue="rows")
        seen.update(taken("rows")["headers"])

    sender.apply(task_id="first")
    assert ("first", "first") == (seen["root_id"], seen["parent_id"])
