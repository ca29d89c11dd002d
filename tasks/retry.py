"""What Celery does with a step's errors: the one place where a message is tried again.

| error | what happens | counted |
|---|---|---|
| a wait (somebody's lease, no slot near) | a copy of the message, with its chain, a little later | no |
| the image changed meanwhile | it is ingested again, and this chain ends | – |
| our configuration is refused | a copy of the message; the worker circuit breaker opens | no |
| another RetryableError or ConfigurationError | tried again after 2, 4, 8 s | 3 times |
| BadMessage, RejectedError | a dead letter | – |
| ... an answer that nobody can read | a dead letter; a few in a row, and the process takes no more for a while | – |
| the worker process dies | `tasks/quarantine.py` | twice, then alone once |

What Celery gives up on stays unfinished in its row. Below this, botocore retries S3 and DynamoDB, `sightline/graph`
retries transactions, and `services/detection.py` retries a call: nothing else retries.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from random import uniform
from typing import Any

import structlog
from celery import Task
from celery.exceptions import Ignore

from sightline.errors import (
    BadMessage,
    ConfigurationError,
    ImageChanged,
    LeaseHeld,
    RejectedError,
    RetryableError,
    SightlineError,
    SlotRefused,
    UnreadableAnswer,
)
from sightline.models.images import Lane
from sightline.queues.publishing import publish
from sightline.queues.steps import INGEST, ingest_step
from sightline.services.collaborators import current
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import keep_failure
from sightline.services.worker_breaker import REFUSALS
from tasks.quarantine import QUARANTINE, Course, course_of, refuse, suspect_of, watched

log = structlog.get_logger()

MAX_RETRIES = 3
WAIT_SECONDS = {LeaseHeld: 5.0, SlotRefused: 1.0}
SUSPECT_WAITS_SECONDS = 30.0
REFUSED_WAITS_SECONDS = 5.0


def backoff_seconds(retries: int) -> float:
    """Give the delay before the next try: 2, 4, 8 s, each up to a half more, so that many do not come back at once."""
    return float(2 ** min(retries + 1, MAX_RETRIES)) * uniform(1.0, 1.5)  # noqa: S311 - jitter


class StepTask(Task[..., Any]):
    """A task that works on one image."""

    throws = (RejectedError, BadMessage)
    max_retries = MAX_RETRIES

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the step, and sort its errors."""
        bound = self._bind(args, kwargs)
        try:
            with self._in_quarantine_if_suspect(bound):
                outcome = super().__call__(*bound)
            current().worker_breaker.worked()
        except (LeaseHeld, SlotRefused) as error:
            self._send_again(WAIT_SECONDS[type(error)])
            raise Ignore from error
        except REFUSALS as error:
            current().worker_breaker.refused(error)
            self._send_again(REFUSED_WAITS_SECONDS)
            raise Ignore from error
        except UnreadableAnswer as error:
            current().worker_breaker.refused(
                error
            )  # the endpoint's fault more likely than the image's: do not pay on and on
            raise
        except ImageChanged as error:
            if self.name == INGEST:
                raise self.retry(exc=error, countdown=backoff_seconds(self.request.retries)) from error
            publish([ingest_step(bound[0], Lane(bound[-1]))])
            raise Ignore from error
        except (RetryableError, ConfigurationError) as error:
            raise self.retry(exc=error, countdown=backoff_seconds(self.request.retries)) from error
        return outcome

    @contextmanager
    def _in_quarantine_if_suspect(self, args: tuple[str, ...]) -> Iterator[None]:
        """Watch a message that was there before: a process may have died of it. A new one is not watched."""
        suspect = suspect_of(self.name, args, self.request)
        if suspect is None:
            yield
            return
        s = current()
        begun = s.operations.attempts.begun(suspect.step_id)
        match course_of(suspect, begun, s.clock()):
            case Course.GO:
                with watched(suspect, begun, s.operations):
                    yield
            case Course.NEVER:
                raise refuse(suspect, s.operations)
            case Course.ALONE:
                self._send_again(0, queue=QUARANTINE)
                raise Ignore
            case Course.WAIT:
                self._send_again(SUSPECT_WAITS_SECONDS)
                raise Ignore

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the step's arguments by position, the lane last, however they were sent.

        Raise BadMessage where they do not fit the signature: nothing has checked what a foreign client sends.
        """
        try:
            bound = signature(self.run).bind(*args, **kwargs)
            bound.apply_defaults()
            _check_values(bound.args)
        except (TypeError, ValueError) as error:
            raise BadMessage(f"{self.name}{args!r}{kwargs or ''}", rule=f"{BadMessage.rule}: {error}") from error
        return bound.args

    def _send_again(self, countdown_seconds: float, queue: str | None = None) -> None:
        """Send a copy of this message, its chain with it: unlike `retry`, it leaves the count of tries alone."""
        retries = self.request.retries
        again = self.signature_from_request(self.request, queue=queue, countdown=countdown_seconds, retries=retries)
        again.apply_async()

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Keep what can not succeed; say what Celery gives up on."""
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
            uri = self._bind(args, kwargs)[0]
            keep_failure(exc, uri, self.name, images=services.images, operations=services.operations)


def _check_values(values: Sequence[Any]) -> None:
    """Raise ValueError or TypeError where an argument is not text, or the last one is no lane."""
    if wrong := [value for value in values if not isinstance(value, str)]:
        message = f"{wrong[0]!r} is not text"
        raise TypeError(message)
    Lane(values[-1])
