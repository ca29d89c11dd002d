"""Publish steps to their queues."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from celery import Celery, Signature, current_app
from celery.signals import before_task_publish
from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined] # stubs are older
from redis.exceptions import RedisError

from sightline.errors import Unavailable
from sightline.queues.steps import Step

_AWAY = (BatchPublishError, OperationalError, RedisError, OSError)

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
    except _AWAY as error:
        raise Unavailable("Redis", rule=f"messages could not be sent, or no answer came ({error})") from error


def _send_all(app: Celery, steps: Iterable[Step], headers: Mapping[str, Any]) -> None:
    with app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=BATCH):  # type: ignore[attr-defined] # stubs are older
        for step in steps:
            app.send_task(
                step.task,
                step.args,
                producer=producer,
                chain=[_signature(app, step.then)] if step.then else None,
                **_options(step, headers),
            )


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
