"""Sending steps where the broker is away: an error of ours, so that the step is tried again and no image is blamed."""

from typing import Any

import pytest
from celery import Celery

from sightline.errors import Unavailable
from sightline.models.images import Lane
from sightline.queues.publishing import _publish_through
from sightline.queues.steps import Step, detect_step, ingest_step
from sightline.services.failures import is_its_own


def test_a_broker_that_is_away_is_unavailable_and_no_fault_of_an_image():
    app = Celery(broker="redis://127.0.0.1:1/0", set_as_current=False)
    app.conf.task_publish_retry = False
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


def _sent(step: Step) -> Any:
    """Send a step to a queue in memory, which may hold what other tests of this process have left, and take it."""
    app = Celery(broker="memory://", set_as_current=False)
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel._new_queue(step.queue_name)  # type: ignore[attr-defined] # messages go to it by name
        channel._purge(step.queue_name)  # type: ignore[attr-defined]
        _publish_through(app, [step], {})
        return channel.basic_get(step.queue_name, no_ack=True)  # type: ignore[attr-defined]
