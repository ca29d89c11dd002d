"""Sending steps where the broker is away: an error of ours, so that the step is tried again and no image is blamed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from celery import Celery, signature
from celery.exceptions import QueueNotFound
from kombu.exceptions import OperationalError

from sightline.errors import Unavailable
from sightline.models.images import Lane
from sightline.queues.names import QUEUES
from sightline.queues.publishing import _options, _publish_through
from sightline.queues.steps import Step, detect_step, ingest_step, write_step
from sightline.services.failures import is_its_own
from tasks.retry import StepTask

AWAY = {
    "broker_url": "redis://127.0.0.1:1/0",
    "task_publish_retry": False,
    "broker_transport_options": {"max_retries": 1, "interval_start": 0, "interval_step": 0},
}


def test_a_broker_that_is_away_is_unavailable_and_no_fault_of_an_image():
    app = Celery(set_as_current=False)
    app.conf.update(AWAY)
    with pytest.raises(Unavailable) as raised:
        _publish_through(app, [ingest_step("s3://b/c/d.jpg", Lane.LIVE)], {})
    assert "Redis" == raised.value.subject
    assert not is_its_own(raised.value)


def test_a_message_shows_its_arguments_as_plain_texts():
    assert "('s3://b/c/d.jpg', 'live')" == _sent(ingest_step("s3://b/c/d.jpg", Lane.LIVE)).headers["argsrepr"]


def test_the_next_message_of_a_chain_will_be_sent_as_cheaply():
    _, _, embedded = _sent(detect_step("s3://b/c/d.jpg", "labels", Lane.LIVE)).payload
    options = embedded["chain"][0]["options"]
    assert [] == options["declare"]
    assert "('s3://b/c/d.jpg', 'labels', 'live')" == options["argsrepr"]


def test_nothing_to_send_asks_for_no_connection():
    app = Celery(set_as_current=False)
    app.conf.update(AWAY)
    _publish_through(app, [], {})


def test_a_message_says_what_celery_would_have_it_say():
    """`send_task` is Celery's own way. What differs is of this one message: its ids, when, and where replies go."""
    step = replace(ingest_step("s3://b/c/d.jpg", Lane.LIVE), headers={"carried": 1})
    ours, theirs = _sent(step), _taken(step, lambda app: app.send_task(step.task, step.args, **_options(step, {})))
    for own in ("id", "root_id", "sent_at"):
        assert ours.headers.pop(own)
        assert theirs.headers.pop(own)
    assert theirs.headers | {"ignore_result": True} == ours.headers
    assert theirs.payload == ours.payload
    assert theirs.delivery_info == ours.delivery_info


def test_a_message_from_a_task_names_the_messages_that_led_to_it():
    app = Celery(broker="memory://", set_as_current=False)
    step = ingest_step("s3://b/c/d.jpg", Lane.LIVE)
    seen = {}

    @app.task(name="sender", shared=False)
    def sender() -> None:
        seen.update(_sent(step, app).headers)

    sender.apply(task_id="first")
    assert ("first", "first") == (seen["root_id"], seen["parent_id"])


@pytest.fixture
def following():
    """Give the task of a chain's second link, over queues in memory."""
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.update(task_ignore_result=True, task_queues=QUEUES)

    def body(*_: str) -> None:
        """Do nothing."""

    return app.task(base=StepTask, name="following", shared=False)(body)


def test_the_next_link_of_a_chain_is_sent_as_celery_would_send_it(following):
    app, step = following.app, replace(write_step("s3://b/c/d.jpg", "labels", Lane.LIVE), task=following.name)
    link = json.loads(json.dumps(app.signature(step.task, args=step.args, immutable=True, **_options(step, {"a": 1}))))
    said: dict[str, Any] = {"chain": [], "root_id": "first", "parent_id": "second", "priority": None}
    ours = _taken(step, lambda _: signature(link, app=app).apply_async((None,), **said), app)
    theirs = _taken(step, lambda _: signature(link, app=app).apply_async((None,), **said, retries=0), app)
    for own in ("id", "sent_at"):
        assert ours.headers.pop(own) != theirs.headers.pop(own)
    assert theirs.headers == ours.headers
    assert "second" == ours.headers["parent_id"]
    assert theirs.payload == ours.payload


def test_the_next_link_of_a_chain_fails_its_step_as_celerys_own_error_does(following):
    """Celery takes no other error for one of sending, and would end the worker's thread."""
    following.app.conf.update(AWAY)
    with pytest.raises(OperationalError):
        following.apply_async(("s3://b/c/d.jpg", "labels", "live"), queue="rows", declare=[], root_id="first")


def test_a_link_to_a_queue_that_does_not_exist_is_refused_as_by_celery(following):
    following.app.conf.task_create_missing_queues = False
    with pytest.raises(QueueNotFound, match="nosuch"):
        following.apply_async(("s3://b/c/d.jpg", "labels", "live"), queue="nosuch", root_id="first")


def test_what_a_task_sends_by_itself_names_the_messages_that_led_to_it(following):
    step = replace(write_step("s3://b/c/d.jpg", "labels", Lane.LIVE), task=following.name)
    seen = {}

    @following.app.task(name="sender", shared=False)  # type: ignore[untyped-decorator] # the fixture is of Celery
    def sender() -> None:
        sent = _taken(step, lambda _: following.apply_async(step.args, queue="rows"), following.app)
        seen.update(sent.headers)

    sender.apply(task_id="first")
    assert ("first", "first") == (seen["root_id"], seen["parent_id"])


def _sent(step: Step, app: Celery | None = None) -> Any:
    return _taken(step, lambda app: _publish_through(app, [step], {}), app)


def _taken(step: Step, send: Callable[[Celery], Any], app: Celery | None = None) -> Any:
    """Send to a queue in memory, which may hold what other tests of this process have left, and take what was sent."""
    app = app or Celery(broker="memory://", set_as_current=False)
    app.conf.update(task_ignore_result=True, result_backend=None)
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel._new_queue(step.queue_name)  # type: ignore[attr-defined] # messages go to it by name
        channel._purge(step.queue_name)  # type: ignore[attr-defined]
        send(app)
        return channel.basic_get(step.queue_name, no_ack=True)  # type: ignore[attr-defined]
