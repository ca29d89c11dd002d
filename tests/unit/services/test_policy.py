"""What Celery does with a step's errors: real messages over its broker in memory, and steps that meet each error."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.exceptions import Ignore, Retry
from celery.signals import before_task_publish

from sightline import errors, video_errors
from sightline.errors import (
    BadMessage,
    BucketWaits,
    ConfigurationError,
    ImageChanged,
    ImageNotYetThere,
    ImageNotYetWritten,
    InvalidUri,
    LeaseHeld,
    NotAnImage,
    OutcomeUnknown,
    SightlineError,
    SlotRefused,
    Throttled,
    Unavailable,
    UnreadableAnswer,
)
from sightline.models.images import Lane
from sightline.queues.publishing import publish
from sightline.queues.steps import DETECT, INGEST, WRITE, detect_step
from sightline.services.collaborators import provide
from sightline.services.worker_breaker import OPENS_AFTER
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.images import InMemoryImageStore
from tasks.retry import MAX_RETRIES, TABLE, Action, StepTask, backoff_seconds, rule_for
from tests.unit.workers.settings import settings
from workers.celeryconfig import make_app

URI = uri_of("01")
PASSING = [Throttled("x"), Unavailable("x"), OutcomeUnknown("x"), ImageNotYetThere(URI), ConfigurationError("x")]
WAITS = [LeaseHeld("x"), SlotRefused("x"), ImageNotYetWritten(URI)]


class AlwaysOvertaken(InMemoryImageStore):
    """Rows of which another has always just written a newer version."""

    def begin(self, *_) -> None:
        return None


class Kept:
    """An outbox in which messages stay. note: hears of each as of Celery's own"""

    def __init__(self, note: Callable[..., None]) -> None:
        self.messages: list[tuple[str, str]] = []
        self._note = note

    def put(self, messages: Sequence[tuple[str, str]]) -> None:
        self.messages += messages
        for _, text in messages:
            headers, body = (message := json.loads(text))["headers"], json.loads(b64decode(message["body"]))
            self._note(headers["task"], body, headers, message["properties"])

    def close(self) -> None:
        """Do nothing."""


class Steps:
    """Steps of two arguments or three that raise what they are told to, and the messages that come of it."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.error: Exception | None = None
        self.done: list[tuple[str, ...]] = []
        self.sent: list[tuple[str, list[str], dict[str, Any], dict[str, Any]]] = []

        @app.task(name="one_image", base=StepTask, shared=False)
        def one_image(uri: str, lane: str = "live") -> None:
            self.work(uri, lane)

        @app.task(name="one_feature", base=StepTask, shared=False)
        def one_feature(uri: str, feature: str, lane: str = "live") -> None:
            self.work(uri, feature, lane)

    def work(self, *args: str) -> None:
        self.done.append(args)
        if self.error:
            raise self.error

    def note(self, sender, body, headers, properties, **_) -> None:  # noqa: ARG002 - Celery's names
        self.sent.append((sender, list(body[0]), headers, body[2]))

    def run(self, name: str, *args, retries: int = 0, **kwargs) -> None:
        """Do a step as a worker does when its message has come: with that message's request."""
        task = self.app.tasks[name]
        task.push_request(
            args=args, kwargs=kwargs, retries=retries, id=uuid4().hex, called_directly=False, is_eager=False,
            delivery_info={"routing_key": "labels", "exchange": "labels"}, chain=None,
        )  # fmt: skip
        try:
            task(*args, **kwargs)
        finally:
            task.pop_request()


@pytest.fixture
def world():
    made = FakeSightline()
    provide(made.services)
    return made


@pytest.fixture
def steps(world):  # noqa: ARG001 - what gives up writes letters there
    app = make_app(settings())
    app.conf.update(broker_url="memory://", broker_transport="memory", broker_transport_options={})
    app.set_current()
    made = Steps(app)
    app.outbox = Kept(made.note)  # type: ignore[assignment] # a stand-in
    before_task_publish.connect(made.note)
    yield made
    before_task_publish.disconnect(made.note)
    app.close()


def fail(steps, name, error, *args, **kwargs):
    """Let Celery hear of a failure, as its tracer tells the task."""
    steps.app.tasks[name].on_failure(error, "id", args, kwargs, None)


def dead_letters(world):
    return [
        (dead_letter.error, dead_letter.step, dead_letter.image_id, dead_letter.message)
        for dead_letter in world.operations.dead_letters.read()
    ]


def test_a_step_that_goes_well_is_done_once(steps):
    steps.run("one_feature", URI, "labels", "live")
    assert [(URI, "labels", "live")] == steps.done
    assert [] == steps.sent


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_trouble_that_may_pass_is_tried_again_later_and_counted(steps, error):
    steps.error = error
    with pytest.raises(Retry) as raised:
        steps.run("one_image", URI)
    assert error is raised.value.exc
    assert [("one_image", [URI], 1)] == [(name, args, headers["retries"]) for name, args, headers, _ in steps.sent]
    assert steps.sent[0][2]["eta"] is not None


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_after_three_retries_celery_gives_up_with_the_error_itself(steps, error):
    steps.error = error
    with pytest.raises(type(error)) as raised:
        steps.run("one_image", URI, retries=MAX_RETRIES)
    assert (error, []) == (raised.value, steps.sent)


def test_the_delay_doubles_and_stays_below_what_the_broker_would_send_again():
    for retries in range(MAX_RETRIES):
        assert 2 ** (retries + 1) <= backoff_seconds(retries) <= 1.5 * 2 ** (retries + 1) <= 30


@pytest.mark.parametrize("error", WAITS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("retries", [0, MAX_RETRIES])
def test_a_wait_sends_the_message_again_and_leaves_the_count_alone(steps, error, retries):
    steps.error = error
    with pytest.raises(Ignore):
        steps.run("one_feature", URI, "labels", "backfill", retries=retries)
    (name, args, headers, _), *others = steps.sent
    assert ("one_feature", [URI, "labels", "backfill"], retries, []) == (name, args, headers["retries"], others)
    assert headers["eta"] is not None
    assert 0 < rule_for(error, DETECT).delay_seconds <= 60


def test_a_wait_takes_the_rest_of_its_chain_along(steps):
    step = detect_step(URI, "labels", Lane.LIVE)
    steps.app.tasks["one_feature"].push_request(
        args=step.args, kwargs={}, retries=0, id="an-id", called_directly=False, is_eager=False,
        delivery_info={"routing_key": "labels", "exchange": ""},
        chain=[steps.app.signature(WRITE, args=step.then.args, immutable=True, queue="rows")],
    )  # fmt: skip
    steps.error = SlotRefused("x")
    with pytest.raises(Ignore):
        steps.app.tasks["one_feature"](*step.args)
    steps.app.tasks["one_feature"].pop_request()
    (_, args, _, embedded), *others = steps.sent
    assert (list(step.args), []) == (args, others)
    assert [(WRITE, list(step.then.args))] == [(link["task"], list(link["args"])) for link in embedded["chain"]]


def test_an_image_of_a_bucket_that_refuses_leaves_the_queue_and_its_row_waits(steps, world):
    world.add(URI)
    steps.error = BucketWaits(URI)
    for retries in (0, MAX_RETRIES):
        with pytest.raises(Ignore):
            steps.run("one_feature", URI, "labels", "live", retries=retries)
    assert ([], []) == (steps.sent, dead_letters(world))
    assert [URI] == [each.image_id for each in world.images.unfinished()]
    assert world.services.worker_breaker.may_take_work()


def test_a_message_about_an_image_that_had_ended_is_kept_while_its_bucket_refuses(steps, world):
    """Its bytes may be new, and no row says so."""
    world.put(URI, picture())
    world.add(URI)
    world.run()
    steps.error = BucketWaits(URI)
    with pytest.raises(Ignore):
        steps.run("one_image", URI, "live")
    assert [("one_image", [URI, "live"])] == [each[:2] for each in steps.sent]


def test_an_image_that_changed_is_ingested_again_in_its_lane_and_this_chain_ends(steps):
    steps.error = ImageChanged(URI)
    with pytest.raises(Ignore):
        steps.run("one_feature", URI, "labels", "backfill")
    assert [(INGEST, [URI, "backfill"])] == [(name, args) for name, args, *_ in steps.sent]


def test_an_image_that_changes_while_it_is_ingested_is_tried_again_and_counted(steps, world):
    world.put(URI, picture())
    provide(replace(world.services, images=AlwaysOvertaken(world.clock)))
    with pytest.raises(Retry):
        steps.run(INGEST, URI, "live")
    assert [(INGEST, [URI, "live"], 1)] == [(name, args, headers["retries"]) for name, args, headers, _ in steps.sent]


@pytest.mark.parametrize(
    ("args", "kwargs", "rule"),
    [
        ((), {}, "missing a required argument: 'uri'|missing 1 required positional argument: 'uri'"),
        ((URI, "live", "more"), {}, "too many|takes from 1 to 2 positional arguments but 3 were given"),
        ((42,), {}, "42 is not text"),
        (([URI],), {}, "is not text"),
        ((URI, "overtaking"), {}, "'overtaking' is not a valid Lane"),
        ((URI,), {"lane": "overtaking"}, "'overtaking' is not a valid Lane"),
    ],
)  # fmt: skip
def test_a_message_that_does_not_fit_is_refused_before_any_work(steps, args, kwargs, rule):
    with pytest.raises(BadMessage, match=rule) as raised:
        steps.run("one_image", *args, **kwargs)
    assert raised.value.subject.startswith("one_image(")
    assert ([], []) == (steps.done, steps.sent)


@pytest.mark.parametrize(
    ("args", "kwargs"), [((URI,), {}), ((URI, "backfill"), {}), ((), {"uri": URI, "lane": "live"})]
)
def test_a_message_that_fits_is_worked_on_however_its_arguments_are_given(steps, args, kwargs):
    steps.run("one_image", *args, **kwargs)
    assert [(URI, kwargs.get("lane", args[-1] if len(args) > 1 else "live"))] == steps.done


def test_a_step_may_leave_out_its_lane(steps):
    steps.run("one_feature", URI, "labels")
    assert [(URI, "labels", "live")] == steps.done


def test_an_image_that_changed_is_known_by_name_as_well(steps):
    steps.error = ImageChanged(URI)
    with pytest.raises(Ignore):
        steps.run("one_feature", feature="labels", uri=URI, lane="backfill")
    assert [("ingest_image", [URI, "backfill"])] == [each[:2] for each in steps.sent]


def test_a_failure_of_an_image_that_is_given_by_name_is_kept_on_its_row(steps, world):
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    fail(steps, "one_image", ValueError("unforeseen"), uri=URI)
    assert "ValueError" == world.images.get(URI).failure.error


def test_a_bad_image_becomes_a_letter_with_its_message(steps, world):
    fail(steps, "one_image", NotAnImage(URI), URI, "live")
    assert [("NotAnImage", "one_image", URI, {"args": [URI, "live"], "kwargs": {}})] == dead_letters(world)


def test_answers_that_nobody_can_read_are_letters_at_once_and_after_a_few_the_process_takes_no_more(steps, world):
    steps.error = UnreadableAnswer(URI)
    for _ in range(OPENS_AFTER):
        with pytest.raises(UnreadableAnswer):
            steps.run("one_image", URI)
        fail(steps, "one_image", steps.error, URI, "live")
    assert [] == steps.sent
    assert [("UnreadableAnswer", URI)] == [(each.error, each.image_id) for each in world.operations.dead_letters.read()]
    assert not world.services.worker_breaker.may_take_work()


def test_a_bad_message_becomes_a_letter_that_is_about_no_image(steps, world):
    fail(steps, "one_image", InvalidUri("no-uri"), "no-uri", lane="live")
    message = {"args": ["no-uri"], "kwargs": {"lane": "live"}}
    assert [("InvalidUri", "one_image", None, message)] == dead_letters(world)


@pytest.mark.parametrize("error", [Unavailable("x"), ConfigurationError("x"), ValueError("a defect")])
def test_what_celery_gives_up_on_is_no_letter_and_its_row_stays_unfinished(steps, world, error):
    world.add(URI)
    fail(steps, "one_image", error, URI, "live")
    assert [] == dead_letters(world)
    assert [URI] == [each.image_id for each in world.images.unfinished()]


def test_a_step_goes_to_its_queue_with_its_chain_and_the_time_of_its_sending(steps):
    step = detect_step(URI, "labels", Lane.BACKFILL)
    publish([step])
    [(queue, text)] = steps.app.outbox.messages
    headers, (args, kwargs, embedded) = (message := json.loads(text))["headers"], json.loads(b64decode(message["body"]))
    assert "labels.backfill" == queue
    assert (DETECT, [URI, "labels", "backfill"], {}) == (headers["task"], args, kwargs)
    assert [(WRITE, "rows.backfill")] == [(link["task"], link["options"]["queue"]) for link in embedded["chain"]]
    assert headers["sent_at"] > 0


def test_every_error_of_the_tree_has_a_rule_and_only_a_retry_is_counted():
    def below(kind):
        return {kind}.union(*map(below, kind.__subclasses__()))

    tree = {errors.__name__, video_errors.__name__}
    kinds = {kind for kind in below(SightlineError) - {SightlineError} if kind.__module__ in tree}
    assert {kind for kind in kinds if not any(issubclass(kind, rule.errors) for rule in TABLE)} == set()
    assert {Action.RETRY} == {rule.action for rule in TABLE if rule.is_counted}
