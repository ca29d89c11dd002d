"""What Celery does with a step's errors: the one place where a message is sent again.

`TABLE` says it error by error. What Celery gives up on stays unfinished in its row, and the reconciler sends it again.
If the worker process dies, `tasks/quarantine.py` decides. Below this, botocore retries S3 and DynamoDB,
`sightline/graph` retries transactions, and `services/detection.py` retries a call: nothing else retries.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from inspect import Signature, signature
from random import uniform
from typing import Any

import structlog
from celery import Task
from celery.exceptions import Ignore
from celery.utils import uuid
from kombu.exceptions import OperationalError

from sightline.errors import (
    BadMessage,
    BucketWaits,
    BudgetSpent,
    ConfigurationError,
    ImageChanged,
    ImageNotYetWritten,
    LeaseHeld,
    NewerVersion,
    RejectedError,
    RetryableError,
    SightlineError,
    SlotRefused,
    UnreadableAnswer,
)
from sightline.models.images import Lane
from sightline.queues.client import Client
from sightline.queues.outbox import AWAY
from sightline.queues.publishing import PLAIN, plain_message, publish, send_patiently
from sightline.queues.steps import COLLECT_JOB, INGEST, START_JOB, TAKE, ingest_step, lane_queue
from sightline.services.collaborators import current
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import keep_failure
from sightline.services.worker_breaker import REFUSALS
from sightline.timing import EMPTY_LOOKED_AT_EVERY
from tasks.quarantine import QUARANTINE, Course, course_of, refuse, suspect_of, watched

log = structlog.get_logger()

MAX_RETRIES = 3


class Action(Enum):
    """What becomes of a message whose step failed."""

    RESEND = "send a copy of it, with its chain, a little later"
    RETRY = "try it again after 2, 4 and 8 s, then leave it to the reconciler"
    LEAVE = (
        "end its chain; the reconciler sends it again, or a copy goes out a minute later if the row waits for nothing"
    )
    INGEST_AGAIN = "end its chain, and ingest the image again"
    KEEP = "keep it as a dead letter"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of error does to its message.

    delay_seconds: of a copy; is_counted: whether it uses up one of MAX_RETRIES; pauses_worker: whether a few of them in
    a row open the circuit breaker of this worker process, which then takes no messages for a while
    """

    errors: tuple[type[SightlineError], ...]
    action: Action
    delay_seconds: float = 0.0
    is_counted: bool = False
    pauses_worker: bool = False


TABLE = (
    Rule((LeaseHeld,), Action.RESEND, delay_seconds=5.0),
    Rule((SlotRefused,), Action.RESEND, delay_seconds=1.0),
    Rule((NewerVersion,), Action.RESEND, delay_seconds=30.0),
    Rule((ImageNotYetWritten,), Action.RESEND, delay_seconds=EMPTY_LOOKED_AT_EVERY.total_seconds()),
    Rule((BucketWaits, BudgetSpent), Action.LEAVE),
    Rule(REFUSALS, Action.RESEND, delay_seconds=5.0, pauses_worker=True),
    # More likely the endpoint's fault than the image's: a worker must not go on paying for such answers.
    Rule((UnreadableAnswer,), Action.KEEP, pauses_worker=True),
    Rule((ImageChanged,), Action.INGEST_AGAIN),
    Rule((RetryableError, ConfigurationError), Action.RETRY, is_counted=True),
    Rule((BadMessage, RejectedError), Action.KEEP),
)
"""The first rule that names an error's class, or one above it, holds."""

LEFT_FOR_SECONDS = 60.0
"""When the message of a row that waits for nothing is looked at again while its bucket refuses, or money is short."""

SUSPECT_DELAY_SECONDS = 30.0
"""When a message that may be poison is looked at again, while its step may still be running."""


def rule_for(error: SightlineError, task: str) -> Rule:
    """Return the rule for an error of a task. A first step whose image or video changed is itself tried again."""
    rule = next(each for each in TABLE if isinstance(error, each.errors))
    if rule.action is Action.INGEST_AGAIN and task in {INGEST, TAKE, START_JOB, COLLECT_JOB}:
        return next(each for each in TABLE if each.action is Action.RETRY)
    return rule


def backoff_seconds(retries: int) -> float:
    """Return the delay before the next try: 2, 4, 8 s, each up to a half more, so that tries spread out."""
    return float(2 ** min(retries + 1, MAX_RETRIES)) * uniform(1.0, 1.5)  # noqa: S311 - jitter


class StepTask(Task[..., Any]):
    """A task that works on one image."""

    throws = (RejectedError, BadMessage)
    max_retries = MAX_RETRIES

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the step; if it fails, follow the rule for its error."""
        bound = self._bind(args, kwargs)
        try:
            with self._in_quarantine_if_suspect(bound):
                outcome = super().__call__(*bound)
            current().worker_breaker.worked()
        except SightlineError as error:
            rule = rule_for(error, self.name)
            if rule.pauses_worker:
                current().worker_breaker.refused(error)
            if rule.action is Action.KEEP:
                raise  # `on_failure` writes the dead letter
            self._follow(rule, bound, error)
            raise Ignore from error
        return outcome

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override] # stubs name each option
        """Send a message for this step: as `publish` does if it says no more, as the next link of a chain does."""
        app, is_link = self.app, "root_id" in options and options.keys() <= PLAIN
        if kwargs or not isinstance(app, Client) or not is_link or options.get("queue") not in app.amqp.queues:
            return super().apply_async(args, kwargs, **options)
        task_id = uuid()
        try:
            send_patiently(app, plain_message(app, task_id, self.name, args, **options))
        except AWAY as error:
            raise OperationalError(str(error)) from error  # as Celery has it, which fails the step before
        return self.AsyncResult(task_id)

    def carried(self, queue: str) -> Mapping[str, Any] | None:
        """Return the headers of a message from this queue, either lane; None if this worker does not read it.

        Producers may write into `ingest`, and name any task there: what such a message carries is not believed.
        """
        read = self.app.amqp.queues.consume_from
        return self.request.headers if any(lane_queue(queue, lane) in read for lane in Lane) else None

    def carry_on(self, headers: Mapping[str, Any]) -> None:
        """Let the next message of the chain, if there is one, carry this in its headers."""
        chain: Any = self.request.chain  # a list of signatures, the next link last
        if chain:
            options = chain[-1]["options"]
            options["headers"] = {**(options.get("headers") or {}), **headers}

    def _follow(self, rule: Rule, bound: tuple[str, ...], error: SightlineError) -> None:
        """Send what the rule says. Raises Celery's Retry, or the error itself after the last try."""
        match rule.action:
            case Action.RESEND:
                self._send_again(rule.delay_seconds)
            case Action.LEAVE:
                self.leave(bound[0])
            case Action.INGEST_AGAIN:
                publish([ingest_step(bound[0], Lane(bound[-1]))])
            case _:
                raise self.retry(exc=error, countdown=backoff_seconds(self.request.retries)) from error

    def leave(self, uri: str) -> None:
        """Let an unfinished row wait. One that has ended may have new bytes, of which only this message knows."""
        row = current().images.get(uri)
        if row is None or row.next_check_at is None:
            self._send_again(LEFT_FOR_SECONDS)

    @contextmanager
    def _in_quarantine_if_suspect(self, args: tuple[str, ...]) -> Iterator[None]:
        """Watch a message that was there before: a process may have died of it. A new one is not watched."""
        suspect = suspect_of(self.name, args, self.request)
        if suspect is None:
            yield
            return
        services = current()
        begun = services.operations.attempts.begun(suspect.step_id)
        match course_of(suspect, begun, services.clock()):
            case Course.GO:
                with watched(suspect, begun, services.operations):
                    yield
            case Course.NEVER:
                raise refuse(suspect, services.operations)
            case Course.ALONE:
                self._send_again(0, queue=QUARANTINE)
                raise Ignore
            case Course.WAIT:
                self._send_again(SUSPECT_DELAY_SECONDS)
                raise Ignore

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the step's arguments by position, the lane last, however they were sent.

        A keyword that is unknown here is ignored: a newer version may send it. Raise BadMessage if the others do not
        fit the signature: nothing has checked what a foreign client sends.
        """
        try:
            values = self._by_position(args, kwargs)
            _check_values(values)
        except (TypeError, ValueError) as error:
            raise BadMessage(f"{self.name}{args!r}{kwargs or ''}", rule=f"{BadMessage.rule}: {error}") from error
        return values

    def _by_position(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        form = self._form
        if not kwargs and len(args) == len(form.parameters):  # as our own messages have them
            return tuple(args)
        if unknown := sorted(kwargs.keys() - form.parameters.keys()):
            log.warning("Unknown arguments of a message are ignored", task=self.name, arguments=unknown)
        bound = form.bind(*args, **{name: value for name, value in kwargs.items() if name not in unknown})
        bound.apply_defaults()
        return bound.args

    @cached_property
    def _form(self) -> Signature:
        """Return the signature of the step's function: to read it takes longer than to apply it."""
        return signature(self.run)

    def _send_again(self, countdown_seconds: float, queue: str | None = None) -> None:
        """Send a copy of this message, its chain with it: unlike `retry`, it leaves the count of tries alone."""
        retries = self.request.retries
        again = self.signature_from_request(self.request, queue=queue, countdown=countdown_seconds, retries=retries)
        again.apply_async()

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Write a dead letter for what cannot succeed, and keep the failure of a step that Celery gives up on."""
        services = current()
        if isinstance(exc, (BadMessage, RejectedError)):
            message = {"args": list(args), "kwargs": dict(kwargs)}
            write_dead_letter(
                exc,
                step=self.name,
                message=message,
                image_id=self._bind(args, kwargs)[0] if isinstance(exc, RejectedError) else None,
                operations=services.operations,
                clock=services.clock,
            )
        elif isinstance(exc, SightlineError):
            log.warning("Celery gives up on a step; its row stays unfinished", error=str(exc))
        if not isinstance(exc, BadMessage):
            self.keep_failure(exc, self._bind(args, kwargs)[0])

    def keep_failure(self, error: BaseException, uri: str) -> None:
        """Keep a failure on the row of what the step works on."""
        services = current()
        keep_failure(error, uri, self.name, images=services.images, operations=services.operations)


def _check_values(values: Sequence[Any]) -> None:
    """Raise ValueError or TypeError if an argument is not text, or the last one is no lane."""
    if wrong := [value for value in values if not isinstance(value, str)]:
        message = f"{wrong[0]!r} is not text"
        raise TypeError(message)
    Lane(values[-1])
