"""S3's events over a real queue, real tables and a real Redis, and the rights that listening takes."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Self

import pytest

from bench.listen_run import Size, World, expected, run
from dev.s3_events import DELETED, Happened, put_into, s3_body
from sightline.errors import MissingQueue
from sightline.models.images import Capture, Content, ImageRow, Lane, Rejection, State
from sightline.queues.sqs import Depth, Received, SqsQueue
from sightline.queues.steps import Step
from sightline.services.event_decisions import Filter
from sightline.services.listening import Listener, _receive, handle
from sightline.services.listening_loop import Listening, listen
from sightline.services.other_files import OWN_FOLDER
from sightline.services.s3_events import read_message
from sightline.services.status import skipped_section
from sightline.services.usage import CallCounter
from sightline.storage.buckets.protocol import Prefix
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.operations import dynamo_operations
from sightline.storage.video_jobs.dynamodb import DynamoVideoJobStore
from sightline.storage.videos.dynamodb import DynamoVideoStore
from tests.integration.rights import Rights, granted

NOW = datetime(2026, 11, 27, 8, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
_SQS_ACTIONS = {
    "ReceiveMessage": "sqs:ReceiveMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
}


@pytest.fixture(scope="module")
def world(servers, tmp_path_factory):
    made = World(servers.running(["redis", "dynamodb", "sqs"]).env, tmp_path_factory.mktemp("listen"))
    made.set_up()
    yield made
    made.clear()


def test_events_that_come_twice_shuffled_and_in_batches_become_each_image_once_while_listeners_die(world):
    size = Size(images=150, overwritten=10, poison=5, kills=2)
    outcome = run(world, size, random.Random(16))  # noqa: S311 - its sequence is what is wanted
    lines = expected(size, outcome)
    assert {name: wanted for name, (wanted, _) in lines.items()} == {name: found for name, (_, found) in lines.items()}


class SqsRights:
    """Notes the rights that a client for SQS takes."""

    def __init__(self, client: Any) -> None:
        self.used: set[str] = set()
        self._events = client.meta.events

    def __enter__(self) -> Self:
        self._events.register("provide-client-params.sqs", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("provide-client-params.sqs", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        self.used.add(_SQS_ACTIONS[model.name])


def actions(policy):
    return {action for action, _ in granted(policy, "sqs")}


def begun(images, uri, etag):
    images.add(uri, Lane.LIVE)
    content = Content("sha", etag, 1, 800, 600, last_modified=NOW)
    row = images.begin(images.get(uri), content, Capture("yard", NOW, "key"), {"labels": "id"}, Lane.LIVE)
    assert row is not None
    return row


def test_the_policies_give_what_listening_and_check_take_and_nothing_else(world, dynamodb_client, table_prefix):
    images = DynamoImageStore(dynamodb_client, table_prefix, lambda: NOW)
    operations = dynamo_operations(dynamodb_client, table_prefix, lambda: NOW)
    images.setup()
    operations.setup()
    stale = begun(images, "s3://images/yard/stale.jpg", "old")
    begun(images, "s3://images/yard/begun.jpg", "old")
    images.add("s3://images/yard/bad.jpg", Lane.LIVE)
    bad = images.get("s3://images/yard/bad.jpg")
    assert bad
    assert images.end(bad, State.REJECTED, Rejection("NotAnImage", "no"))
    keys = ("yard/new.jpg", "yard/other.jpg", "yard/begun.jpg", "yard/bad.jpg", "yard/clip.mp4")
    uploads = [Happened("images", key, etag="new", at=LATER) for key in keys]
    empty = Happened("images", "yard/empty.jpg", size_bytes=0, at=LATER)
    told = [s3_body(*uploads, empty, Happened("images", keys[0], DELETED, at=LATER))]
    job = {"JobId": "aws", "Status": "SUCCEEDED", "API": "StartLabelDetection", "JobTag": "no job of ours"}
    DynamoVideoStore(dynamodb_client, table_prefix, lambda: NOW).setup()
    put_into(world.sqs, world.url)([*told, "poison", json.dumps(job)])
    own = Filter(Prefix("sightline", OWN_FOLDER), (".mp4",))
    fresh = DynamoImageStore(dynamodb_client, table_prefix, lambda: NOW)  # it has not read the table's layout yet
    jobs = DynamoVideoJobStore(dynamodb_client, table_prefix, lambda: NOW)
    listener = Listener(
        fresh, jobs, operations, CallCounter(operations, lambda: NOW, lambda *_: None), own, lambda: NOW
    )
    sent: list[Step] = []
    stopping = Event()

    def handle_and_stop(messages):
        handled = handle(messages, listener, sent.extend)
        if sum(handled.counts.values()) and world.queue.depth() == Depth(0, len(messages)):
            stopping.set()
        return handled

    queue = SqsQueue(world.sqs, world.url, poll_seconds=1)
    with Rights(dynamodb_client, table_prefix) as tables, SqsRights(world.sqs) as of_listener:
        listen([queue], Listening(handle_and_stop, lambda: 0, stopping))
        overwritten = s3_body(Happened("images", "yard/stale.jpg", etag="new", at=LATER))
        assert _receive(as_if(stale), read_message(overwritten, "").events, fresh)
        handle(
            [Received("1", "r", s3_body(Happened("images", "yard/alone.jpg", at=LATER)), "q")], listener, sent.extend
        )
        listener.calls.flush()
    assert granted("listener", "dynamodb") == tables.used
    with SqsRights(world.sqs) as of_check:
        assert Depth(0, 0) == queue.depth()
    assert (actions("listener"), actions("workers")) == (of_listener.used, of_check.used)
    states = {row.image_id.rpartition("/")[2]: row.state for row in fresh.scan()}
    assert (
        dict.fromkeys(("new.jpg", "other.jpg", "alone.jpg", "begun.jpg", "bad.jpg", "stale.jpg"), State.RECEIVED)
        == states
    )
    assert 5 == len(sent)
    assert {"(empty)": 1, ".mp4": 1} == skipped_section(operations, NOW)


def as_if(row: ImageRow) -> ImageRow:
    """Return a row as it was before it was last written."""
    return replace(row, version=row.version - 1)


def test_a_queue_that_does_not_exist_is_a_missing_queue(world):
    queue = SqsQueue(world.sqs, f"{world.url}-none", poll_seconds=0)
    for ask in (queue.receive, queue.depth):
        with pytest.raises(MissingQueue):
            ask()
