"""Publish steps to their queues."""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from celery import Celery, Signature, current_app
from celery.signals import before_task_publish
from celery.utils import uuid
from kombu import Producer
from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined] # stubs are older
from redis.exceptions import RedisError

from sightline.errors import Unavailable
from sightline.queues.steps import Step

AWAY = (BatchPublishError, OperationalError, RedisError, OSError)
"""What is raised where Redis cannot be reached, or refuses."""

BATCH = 500
"""Messages sent to Redis in one round trip: three times the rate of one at a time."""


MOST_SHOWN = 1024
"""Characters of a message's arguments that Flower shows, as with Celery's own."""

IS_SENT_AGAIN = "sent_again"
"""The header of a message that the reconciler sent: there was one like it before."""


class Publish(Protocol):
    """A function that sends steps: `publish`, or a list's `extend` in a test."""

    def __call__(self, steps: Iterable[Step], /) -> None:
        """Send the steps."""


def publish(steps: Iterable[Step]) -> None:
    """Send steps to their queues, in batches."""
    _publish_through(current_app, steps, {})


def publish_again(steps: Iterable[Step]) -> None:
    """Resend steps, with a header that says so: a process may have died while running one."""
    _publish_through(current_app, steps, {IS_SENT_AGAIN: True})


def _publish_through(app: Celery, steps: Iterable[Step], headers: Mapping[str, Any]) -> None:
    """Send; raise Unavailable if the broker is down. It is then unknown which messages arrived."""
    try:
        _send_all(app, steps, headers)
    except AWAY as error:
        raise Unavailable("Redis", rule=f"messages could not be sent, or no answer came ({error})") from error


def _send_all(app: Celery, steps: Iterable[Step], headers: Mapping[str, Any]) -> None:
    waiting = iter(steps)
    first = next(waiting, None)
    if first is None:
        return
    with app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=BATCH):  # type: ignore[attr-defined] # stubs are older
        ancestors = _ancestors(app)
        for step in chain([first], waiting):
            links = [_signature(app, step.then)] if step.then else None
            send_plain(app, producer, step.task, step.args, chain=links, **ancestors, **_options(step, headers))


PLAIN = frozenset({"queue", "headers", "declare", "argsrepr", "kwargsrepr", "chain", "root_id", "parent_id"})
"""All that a message of ours says of itself beside its task and arguments, unless it is sent again, or later."""


def send_plain(app: Celery, producer: Producer, task: str, args: Sequence[str], **said: Any) -> str:
    """Send a message as Celery's `send_task` does, if it says no more than PLAIN; return its id.

    Celery asks its settings and the task for each message what else it is to say: that takes a quarter longer.
    said: with a queue's name. Raises one of AWAY.
    """
    options = {name: said.pop(name, None) for name in ("queue", "headers", "declare")}
    task_id = uuid()
    message = app.amqp.create_task_message(task_id, task, args, {}, ignore_result=True, **said)
    app.amqp.send_task_message(producer, task, message, **options)
    return task_id


def _ancestors(app: Celery) -> dict[str, str]:
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


def _signature(app: Celery, step: Step) -> Signature:
    return app.signature(step.task, args=step.args, immutable=True, **_options(step, {}))


@before_task_publish.connect
def _say_when(headers: dict[str, Any], **_: Any) -> None:
    """Add the time of sending, from which the age of a queue is computed."""
    headers["sent_at"] = time.time()
