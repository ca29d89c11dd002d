"""Publish steps to their queues."""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import structlog
from celery import Signature
from celery.exceptions import QueueNotFound
from celery.signals import before_task_publish
from celery.utils import uuid
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_incrementing

from sightline.errors import Unavailable
from sightline.queues.client import Client, client_here
from sightline.queues.outbox import AWAY, enveloped
from sightline.queues.steps import Step

BATCH = 500
"""Messages sent to Redis in one round trip: three times the rate of one at a time."""

MOST_SHOWN = 1024
"""Characters of a message's arguments that Flower shows, as with Celery's own."""

IS_SENT_AGAIN = "sent_again"
"""The header of a message that the reconciler sent: there was one like it before."""


log = structlog.get_logger()


class Publish(Protocol):
    """A function that sends steps: `publish`, or a list's `extend` in a test."""

    def __call__(self, steps: Iterable[Step], /) -> None:
        """Send the steps."""


def publish(steps: Iterable[Step]) -> None:
    """Send steps to their queues, in batches."""
    _publish_through(client_here(), steps, {})


def publish_again(steps: Iterable[Step]) -> None:
    """Resend steps, with a header that says so: a process may have died while running one."""
    _publish_through(client_here(), steps, {IS_SENT_AGAIN: True})


def _publish_through(app: Client, steps: Iterable[Step], headers: Mapping[str, Any]) -> None:
    """Send; raise Unavailable if the broker is down. It is then unknown which messages arrived."""
    ancestors = _ancestors(app)
    messages = (_message(app, step, headers, ancestors) for step in steps)
    while group := list(islice(messages, BATCH)):
        try:
            app.outbox.put(group)
        except AWAY as error:
            raise Unavailable("Redis", rule=f"messages could not be sent, or no answer came ({error})") from error


def _message(app: Client, step: Step, headers: Mapping[str, Any], ancestors: Mapping[str, str]) -> tuple[str, str]:
    links = [_signature(app, step.then)] if step.then else None
    said = {**_options(step, headers), **ancestors, "chain": links}
    return plain_message(app, uuid(), step.task, step.args, **said)


PLAIN = frozenset({"queue", "headers", "declare", "argsrepr", "kwargsrepr", "chain", "root_id", "parent_id"})
"""All that a message of ours says of itself beside its task and arguments, unless it is sent again, or later."""


def plain_message(
    app: Client,
    task_id: str,
    task: str,
    args: Sequence[str],
    *,
    queue: str,
    headers: Mapping[str, Any] | None = None,
    declare: Sequence[str] = (),  # noqa: ARG001 - a link says it, for Celery: there is nothing to declare
    **said: Any,
) -> tuple[str, str]:
    """Return a queue and the message that Celery's `send_task` would put there, if it says no more than PLAIN.

    Celery asks its settings and the task for each message what else it is to say. Raises QueueNotFound.
    """
    if queue not in app.amqp.queues:
        raise QueueNotFound(queue)
    own, properties, body, _ = app.amqp.create_task_message(task_id, task, args, {}, ignore_result=True, **said)
    own.update(headers or {})
    _say_when(own)
    return queue, enveloped(queue, own, properties, body)


def send_patiently(app: Client, message: tuple[str, str]) -> None:
    """Send a message that follows from what is done; while Redis is away or refuses, try again as Celery would.

    Raises one of AWAY.
    """
    try:
        app.outbox.put([message])
    except AWAY:  # only now: to be prepared for it would take as long as to send
        patience = Retrying(
            stop=stop_after_attempt(int(app.patience["max_retries"]) + 1),
            wait=wait_incrementing(*(app.patience[f"interval_{name}"] for name in ("start", "step", "max"))),
            retry=retry_if_exception_type(AWAY),
            before_sleep=_say_that_it_waits,
            reraise=True,
        )
        patience(app.outbox.put, [message])


def _say_that_it_waits(state: RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    log.warning(
        "Redis took no message of the next step: it is sent again", attempt=state.attempt_number, error=str(error)
    )


def _ancestors(app: Client) -> dict[str, str]:
    """Return the ids of the message that is worked on here, and of the first of those that led to it; else nothing."""
    task: Any = app.current_worker_task
    return {"root_id": task.request.root_id or task.request.id, "parent_id": task.request.id} if task else {}


def _options(step: Step, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a message is sent, without what Celery does for each: it declares the queue, and shortens arguments.

    A message goes to its queue by name, and workers declare what they read. Arguments are two or three short texts.
    """
    return {
        "queue": step.queue_name,
        "headers": {**headers, **step.headers},
        "declare": [],  # a chain's options are JSON
        "argsrepr": _shown(step.args),
        "kwargsrepr": "{}",
    }


def _shown(args: tuple[str, ...]) -> str:
    """Return the arguments as Flower shows them: a lane as its plain text, as the message has it."""
    return repr(tuple(str(each) for each in args))[:MOST_SHOWN]


def _signature(app: Client, step: Step) -> Signature:
    return app.signature(step.task, args=step.args, immutable=True, **_options(step, {}))


@before_task_publish.connect
def _say_when(headers: dict[str, Any], **_: Any) -> None:
    """Add the time of sending, from which the age of a queue is computed."""
    headers["sent_at"] = time.time()
