"""Messages that Celery would unpack or hold for ever are refused, and nothing else; those that are done are noted."""

import base64
import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from threading import get_ident
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, Task
from kombu.transport.virtual import Channel as PlainChannel
from structlog.testing import capture_logs

from sightline.queues.transport import UNREADABLE, Channel, Message
from tasks.retry import backoff_seconds
from workers.consumer import Consumer, broken_eta
from workers.task_lines import RUNNING


def message(payload=None, **headers):
    return SimpleNamespace(headers={"task": "ingest_image", "lang": "py", **headers}, payload=payload or [])


def rule_of(message) -> str:
    return broken_eta(message) or ""


def ahead(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


@pytest.mark.parametrize("eta", [None, "2020-01-01T00:00:00", "2020-01-01T00:00:00Z"])
def test_an_eta_of_a_retry_is_no_fault(eta):
    assert broken_eta(message(eta=eta)) is None
    assert broken_eta(message(eta=ahead(minutes=4))) is None


def test_every_backoff_of_ours_is_near_enough():
    assert all(backoff_seconds(retries) < 300 for retries in range(100))


@pytest.mark.parametrize("eta", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59"])
def test_an_eta_far_ahead_is_refused(eta):
    assert "at most 0:05:00 ahead" in rule_of(message(eta=eta))
    assert "at most 0:05:00 ahead" in rule_of(message(eta=ahead(minutes=6)))


@pytest.mark.parametrize("eta", ["never", 7, ["x"], {}, "", "2026-13-01T00:00:00", True])
def test_an_eta_that_is_no_time_is_refused(eta):
    assert "ISO 8601" in rule_of(message(eta=eta))


def test_an_eta_in_the_body_of_the_first_protocol_is_seen():
    first = SimpleNamespace(headers={}, payload={"task": "ingest_image", "eta": "9999-12-31T23:59:59Z"})
    assert "at most" in rule_of(first)


BOMB = base64.b64encode(gzip.compress(b"0" * 20_000_000)).decode()


def envelope(**headers):
    return {
        "body": BOMB,
        "headers": headers,
        "properties": {
            "delivery_tag": "1",
            "body_encoding": "base64",
            "delivery_info": {"exchange": "", "routing_key": "ingest"},
        },
    }


def popped(item):
    channel = Channel.__new__(Channel)
    channel.global_keyprefix = ""
    channel.codecs = dict(PlainChannel.codecs)
    answer = channel._popped([b"ingest", json.dumps(item).encode()])
    assert answer is not None
    return json.loads(answer[1])


@pytest.mark.parametrize("kind", ["application/x-gzip", "gzip", "application/x-bz2", "x", 5, ["gzip"]])
def test_a_compressed_message_in_a_queue_is_refused_unread(kind):
    headers = popped(envelope(task="ingest_image", compression=kind))["headers"]
    assert "a message must not be compressed" in headers[UNREADABLE]


@pytest.mark.parametrize("kind", [None, "", False])
def test_a_message_that_names_no_compression_passes(kind):
    assert UNREADABLE not in popped(envelope(task="ingest_image", compression=kind))["headers"]


def test_a_message_in_a_mailbox_is_not_unpacked():
    channel = SimpleNamespace(decode_body=lambda body, _: base64.b64decode(body))
    read = Message(envelope(compression="application/x-gzip"), channel=channel)
    assert len(read.body or "") < 50_000
    assert "compression" not in read.headers


class Said(Message):
    """A message that keeps what was said of it, and by which thread."""

    def __init__(self, *, fails=False):
        self.said = []
        self._fails = fails

    def ack(self, multiple=False):  # noqa: ARG002, FBT002 - the interface
        if self._fails:
            raise BrokenPipeError
        self.said.append(("ack", get_ident()))

    def reject(self, requeue=False):  # noqa: FBT002 - the interface
        self.said.append(("reject", requeue))


def consumer():
    """Return a consumer as far as it says that a message is done."""
    made: Any = Consumer.__new__(Consumer)
    made.hub = Hub()
    return made


class WithoutStrategy(Task[..., Any]):
    """A task for which no message will come."""

    def start_strategy(self, *_: Any, **__: Any) -> None:
        """Prepare nothing."""


def test_a_worker_whose_level_is_info_makes_no_line_of_each_success():
    app: Any = Celery(set_as_current=False)

    @app.task(base=WithoutStrategy, name="worked", shared=False)
    def task():
        """Do nothing."""

    preparing: Any = consumer()
    preparing.app, preparing.hostname, preparing.strategies = app, "here", {}
    app.tasks = {"worked": task}  # without Celery's own
    lines: list[str] = []
    running = logging.getLogger(RUNNING)
    level, running.level = running.level, logging.INFO
    running.addFilter(keep := lambda record: bool(lines.append(record.msg)))
    try:
        preparing.update_strategies()
        task.__trace__("1", (), {})
    finally:
        running.removeFilter(keep)
        running.level = level
    assert [] == lines


class Hub:
    """A loop that has not turned yet."""

    def __init__(self):
        self.soon = []

    def call_soon(self, call):
        self.soon.append(call)


def test_a_message_is_said_to_be_done_in_the_thread_of_its_task():
    message, saying = Said(), consumer()
    saying.call_soon_ack(message.ack_log_error, logging.getLogger(), (OSError,))
    assert ([("ack", get_ident())], []) == (message.said, saying.hub.soon)


def test_a_message_is_given_back_by_the_loop():
    message, saying = Said(), consumer()
    saying.call_soon_ack(message.reject_log_error, logging.getLogger(), (OSError,), True)
    assert [] == message.said
    saying.hub.soon[0]()
    assert [("reject", True)] == message.said


def test_a_thread_goes_on_though_its_message_could_not_be_said_to_be_done():
    with capture_logs() as logs:
        consumer().call_soon_ack(Said(fails=True).ack_log_error, logging.getLogger(), (OSError,))
    assert ["error"] == [each["log_level"] for each in logs]
