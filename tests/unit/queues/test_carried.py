"""What messages carry beside their arguments: read back as it was, or not at all."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery, signature

from sightline.models.images import Content, FeatureResult, ImageRow, Lane, Rejection, ResultStatus, State
from sightline.queues.carried import (
    FACTS,
    IS_NEW,
    MOST_BYTES,
    RESULT,
    Facts,
    carried_facts,
    carried_is_new,
    carried_result,
    facts_headers,
    result_headers,
)
from sightline.queues.names import QUEUES
from sightline.queues.steps import ingest_step, next_steps, write_step
from tasks.retry import StepTask

ANSWERED = FeatureResult("a1", ResultStatus.ANSWERED, (("Person", 97.5), ("Café 😀", 50.0)), 30.0, "3.0", left_out=2)
REJECTED = FeatureResult("a1", ResultStatus.REJECTED, rejection=Rejection("ImageTooSmall", "too small"))
EMPTY = FeatureResult("a1", ResultStatus.ANSWERED)


def sent(headers):
    """Give headers as the next worker reads them."""
    return json.loads(json.dumps(headers))


@pytest.mark.parametrize("result", [ANSWERED, REJECTED, EMPTY], ids=["answered", "rejected", "nothing found"])
def test_a_result_is_read_as_it_was_sent(result):
    assert result == carried_result(sent(result_headers(result)) | {"sent_at": 1.0})


def test_a_result_of_more_than_eight_kilobytes_is_not_carried():
    finding = tuple((f"line {n}", 50.0) for n in range(600))
    assert {} == result_headers(FeatureResult("a1", ResultStatus.ANSWERED, finding))
    carried = result_headers(FeatureResult("a1", ResultStatus.ANSWERED, finding[:300]))
    assert 1000 < len(json.dumps(carried[RESULT])) <= MOST_BYTES


def test_a_field_of_a_newer_version_is_ignored():
    headers = {RESULT: {**asdict(ANSWERED), "of_a_newer_version": 1}}
    assert ANSWERED == carried_result(sent(headers))


@pytest.mark.parametrize(
    "stored",
    [
        None, 5, "x", [], {}, {"analysis_id": "a1"},
        asdict(ANSWERED) | {"status": "of a newer version"},
        asdict(ANSWERED) | {"finding": [["Person"]]},
        asdict(ANSWERED) | {"finding": 5},
        asdict(ANSWERED) | {"cut_percent": "much"},
        asdict(ANSWERED) | {"rejection": 5},
        asdict(ANSWERED) | {"rejection": {}},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_counts_as_not_carried(stored):
    assert carried_result({RESULT: stored}) is None


@pytest.mark.parametrize("headers", [None, {}, {"sent_at": 1.0}], ids=str)
def test_a_message_of_an_older_version_carries_nothing(headers):
    assert carried_result(headers) is None


@pytest.fixture
def task():
    """Give a task that works on a message with a chain."""
    app = Celery(set_as_current=False, broker="memory://")
    app.conf.task_queues = QUEUES

    def body(self):
        """Do nothing."""

    made = app.task(base=StepTask, bind=True, shared=False)(body)
    step = write_step("s3://b/c/k.jpg", "labels", Lane.LIVE)
    link = app.signature(step.task, args=step.args, immutable=True, queue=step.queue_name, headers={})
    made.push_request(chain=[sent(link)], headers=result_headers(ANSWERED))
    yield made
    made.pop_request()


def test_the_next_message_of_a_chain_carries_the_result_and_keeps_its_name_and_queue(task):
    task.carry_on(result_headers(ANSWERED))
    following = signature(task.request.chain[-1], app=task.app)
    assert ("write_rows", ["s3://b/c/k.jpg", "labels", "live"]) == (following.task, list(following.args))
    assert ("rows", True) == (following.options["queue"], following.immutable)
    assert ANSWERED == carried_result(following.options["headers"])


def test_a_message_without_a_chain_has_nothing_to_carry_on(task):
    task.request.chain = None
    task.carry_on(result_headers(ANSWERED))
    assert task.request.chain is None


def test_a_copy_of_a_message_carries_the_same(task):
    copied = task.signature_from_request(task.request, countdown=5)
    assert ANSWERED == carried_result(copied.options["headers"])


@pytest.mark.parametrize(
    ("read", "is_believed"), [(["rows", "rows.backfill"], True), (["ingest", "ingest.backfill"], False)], ids=str
)
def test_what_a_message_carries_is_believed_by_a_worker_of_its_steps_own_queue(task, read, is_believed):
    task.app.amqp.queues.select(read)
    assert is_believed == (carried_result(task.carried("rows")) is not None)


NOW = datetime(2044, 5, 17, 12, 0, 0, 123, tzinfo=UTC)
CONTENT = Content("c0ffee", "etag", 1000, 640, 480, "v1", NOW - timedelta(minutes=1))


def row(content):
    wanted = {"labels": "a1"}
    return ImageRow("s3://b/c/k.jpg", Lane.LIVE, State.ANALYSING, received_at=NOW, content=content, wanted=wanted)


@pytest.mark.parametrize("content", [CONTENT, replace(CONTENT, version=None, last_modified=None)], ids=["all", "few"])
def test_facts_are_read_as_they_were_sent(content):
    headers = sent(facts_headers(row(content), "labels", NOW))
    assert Facts("a1", content, NOW) == carried_facts(headers)
    headers[FACTS]["content"]["of_a_newer_version"] = 1
    assert Facts("a1", content, NOW) == carried_facts(headers)


def test_a_row_without_content_has_no_facts():
    assert {} == facts_headers(row(None), "labels", NOW)


@pytest.mark.parametrize(
    "damaged",
    [{"analysis_id": 5}, {"content": {}}, {"content": [1]}, {"read_at": None}, {"read_at": "2044-05-17T12:00:00"}],
    ids=str,
)
def test_facts_that_cannot_be_read_count_as_not_carried(damaged):
    stored = sent(facts_headers(row(CONTENT), "labels", NOW))[FACTS]
    assert carried_facts({FACTS: stored | damaged}) is None


def test_a_copy_of_a_message_keeps_when_its_facts_were_read(task):
    task.request.headers = facts_headers(row(CONTENT), "labels", NOW) | {"sent_at": 1.0}
    copied = task.signature_from_request(task.request, countdown=5, retries=1)
    assert Facts("a1", CONTENT, NOW) == carried_facts(copied.options["headers"])


@pytest.mark.parametrize("headers", [None, {}, {IS_NEW: "yes"}, {IS_NEW: 1}], ids=str)
def test_only_a_message_that_says_so_is_of_a_new_row(headers):
    assert carried_is_new({IS_NEW: True})
    assert not carried_is_new(headers)


def test_what_a_step_carries_does_not_change_which_step_it_is():
    assert ingest_step("s3://b/c/k.jpg", Lane.LIVE) == ingest_step("s3://b/c/k.jpg", Lane.LIVE, is_new=True)
    carries, other = next_steps(row(CONTENT), NOW), next_steps(row(CONTENT))
    assert carries == other
    assert carries[0].headers != other[0].headers
