"""`sightline listen`, over fakes of the queue and the stores."""

import os
import signal

import pytest

from dev.s3_events import Happened, s3_body
from sightline.cli.factory import Factory
from sightline.config import InvalidSettings, ListenerSettings, read_listener_settings
from sightline.errors import MissingQueue
from sightline.queues.sqs import Depth
from sightline.testing.event_queues import InMemoryEventQueue
from sightline.testing.fake import BUCKET

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/images"


class MissingEventQueue(InMemoryEventQueue):
    def receive(self):
        raise MissingQueue(QUEUE)

    def depth(self):
        raise MissingQueue(QUEUE)


def with_queue(world, settings, queue, urls=(QUEUE,)):
    return Factory(
        settings.model_copy(update={"event_queues": urls}),
        world.services,
        send=world.send,
        event_queue=lambda _: queue,
    )


class StoppingQueue(InMemoryEventQueue):
    """Sends TERM to this process, as a supervisor does, once it is empty."""

    has_sent = False

    def receive(self):
        found = super().receive()
        if not found and not self.has_sent:
            self.has_sent = True
            os.kill(os.getpid(), signal.SIGTERM)
        return found


def test_it_adds_images_until_it_is_told_to_stop(run, world, settings):
    queue = StoppingQueue(world.clock)
    queue.put([s3_body(Happened(BUCKET, "yard/a b.jpg"))])
    before = signal.getsignal(signal.SIGTERM)
    assert 0 == run("listen", factory=with_queue(world, settings, queue)).exit_code
    assert [f"s3://{BUCKET}/yard/a b.jpg"] == [row.image_id for row in world.images.scan()]
    assert Depth(0, 0) == queue.depth()
    assert before == signal.getsignal(signal.SIGTERM)


def test_a_queue_may_be_named_instead_of_set(run, world, settings):
    queue = StoppingQueue(world.clock)
    assert 0 == run("listen", QUEUE, factory=with_queue(world, settings, queue, ())).exit_code


def test_a_missing_queue_ends_it_and_is_named_by_check(run, world, settings):
    factory = with_queue(world, settings, MissingEventQueue(world.clock))
    result = run("listen", factory=factory)
    assert 1 == result.exit_code
    assert QUEUE in result.stderr
    assert "the queue must exist" in result.stderr
    checked = run("check", factory=factory)
    assert 1 == checked.exit_code
    assert "SQS, events" in checked.stdout


def test_check_says_how_many_events_wait(run, world, settings):
    queue = InMemoryEventQueue(world.clock)
    queue.put(["a", "b"])
    assert "2 waiting, 0 handed out" in " ".join(
        run("check", factory=with_queue(world, settings, queue)).stdout.split()
    )


def test_without_a_queue_it_says_what_to_set(run):
    result = run("listen")
    assert 1 == result.exit_code
    assert "SIGHTLINE_EVENT_QUEUES" in result.stderr


@pytest.mark.parametrize("url", ["images", "arn:aws:sqs:us-east-1:123456789012:images", "https://sqs.amazonaws.com"])
def test_what_is_no_url_of_a_queue_is_refused(run, url):
    result = run("listen", url)
    assert 2 == result.exit_code
    assert "is not the URL of a queue" in result.stderr


def test_it_needs_no_address_or_password_of_neo4j_and_s3(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGHTLINE_CHECKPOINT_BUCKET", "own")
    monkeypatch.setenv("SIGHTLINE_EVENT_QUEUES", f"{QUEUE}, {QUEUE}-2")
    assert (QUEUE, f"{QUEUE}-2") == read_listener_settings().event_queues
    assert ["checkpoint_bucket"] == [name for name, each in ListenerSettings.model_fields.items() if each.is_required()]
    monkeypatch.setenv("SIGHTLINE_EVENT_QUEUES", "images")
    with pytest.raises(InvalidSettings, match="SIGHTLINE_EVENT_QUEUES"):
        read_listener_settings()
