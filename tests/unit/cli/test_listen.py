"""`sightline listen`, over fakes of the queue and the stores."""

import os
import signal

import pytest

from dev.s3_events import Happened, s3_body
from sightline.cli.factory import Factory
from sightline.cli.paying import UNPAID
from sightline.config import InvalidSettings, read_listener_settings
from sightline.errors import MissingQueue
from sightline.producer_settings import ListenerSettings
from sightline.queues.sqs import Depth
from sightline.testing.event_queues import VISIBLE_AFTER, InMemoryEventQueue
from sightline.testing.fake import BUCKET

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/images"


class MissingEventQueue(InMemoryEventQueue):
    def receive(self):
        raise MissingQueue(QUEUE)

    def depth(self):
        raise MissingQueue(QUEUE)


def with_queue(world, settings, queue, urls=(QUEUE,), **options):
    return Factory(
        settings.model_copy(update={"event_queues": urls}),
        world.services,
        send=world.send,
        event_queue=lambda _: queue,
        **options,
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
    queue.put([s3_body(Happened(BUCKET, "yard/a b.jpg", at=world.clock()))])
    before = signal.getsignal(signal.SIGTERM)
    assert 0 == run("listen", factory=with_queue(world, settings, queue)).exit_code
    assert [f"s3://{BUCKET}/yard/a b.jpg"] == [row.image_id for row in world.images.scan()]
    assert Depth(0, 0) == queue.depth()
    assert before == signal.getsignal(signal.SIGTERM)


def test_a_queue_may_be_named_instead_of_set(run, world, settings):
    queue = StoppingQueue(world.clock)
    assert 0 == run("listen", QUEUE, factory=with_queue(world, settings, queue, ())).exit_code


@pytest.fixture
def waiting(world):
    """Return a queue in which three events wait, and one that another listener has."""
    queue = StoppingQueue(world.clock)
    queue.put([s3_body(Happened(BUCKET, f"yard/{number}.jpg", at=world.clock())) for number in range(4)])
    queue._hidden_until["3"] = world.clock() + VISIBLE_AFTER
    return queue


def test_catching_up_says_what_the_waiting_events_may_cost_before_it_takes_one(run, world, settings, waiting):
    result = run("listen", "--catch-up", "--yes", factory=with_queue(world, settings, waiting))
    assert 0 == result.exit_code
    assert 3 == len([*world.images.scan()])
    lines = {line.strip().partition("  ")[0]: line.split("  ")[-1].strip() for line in result.stderr.splitlines()}
    expected = {"images": "4", "calls, labels": "0 to 4", "USD": "0.0000 to 0.0120"}
    assert expected == {name: lines[name] for name in expected}


@pytest.mark.parametrize(("has_terminal", "given"), [(False, None), (True, "n\n")])
def test_without_a_yes_no_event_is_taken_and_nothing_is_paid(run, world, settings, waiting, has_terminal, given):
    factory = with_queue(world, settings, waiting, has_terminal=has_terminal)
    assert UNPAID == run("listen", "--catch-up", factory=factory, given=given).exit_code
    assert (Depth(3, 1), 0, 0) == (waiting.depth(), len([*world.images.scan()]), len(world.sent))


def test_somebody_who_says_yes_is_asked_once_and_an_empty_queue_asks_nobody(run, world, settings, waiting):
    asked = run("listen", "--catch-up", factory=with_queue(world, settings, waiting, has_terminal=True), given="y\n")
    assert (0, 3) == (asked.exit_code, len([*world.images.scan()]))
    assert "Pay up to 0.01 USD?" in asked.stderr
    empty = with_queue(world, settings, StoppingQueue(world.clock), has_terminal=False)
    assert 0 == run("listen", "--catch-up", factory=empty).exit_code


def test_a_missing_queue_is_named_before_anything_is_quoted(run, world, settings):
    result = run("listen", "--catch-up", "--yes", factory=with_queue(world, settings, MissingEventQueue(world.clock)))
    assert (1, True) == (result.exit_code, "the queue must exist" in result.stderr)
    assert "quote" not in result.stderr


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
