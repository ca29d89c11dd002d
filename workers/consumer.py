"""The worker's consumer, with one addition: a message that no task will ever see is kept as a dead letter.

Celery logs such a message and drops it, and its sender would never hear of it; or, where it did not foresee the defect,
ends the worker, and the message comes back to end the next.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery.utils.log import get_logger
from celery.utils.time import maybe_iso8601
from celery.worker import consumer

from sightline.errors import BadMessage
from sightline.queues.transport import UNREADABLE, Message
from sightline.services.collaborators import current
from sightline.services.dead_letters import write_dead_letter
from workers.task_lines import no_line_of_success

log = structlog.get_logger()
celery_log = get_logger(__name__)

MOST_AHEAD = timedelta(minutes=5)
"""Of a message's `eta`: the broker's visibility timeout, after which the message would come a second time."""

MOST_CHARACTERS = 500
"""Of an unreadable message that a dead letter repeats."""

DEFECTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What Celery raises where it reads a message of a form that it did not foresee.

Not all errors: a pool that is ending raises a RuntimeError for a good message, which has to go back to its queue.
"""


class Consumer(consumer.Consumer):
    """Keeps what it cannot read, then does what Celery does."""

    connection_errors: tuple[type[Exception], ...]
    channel_errors: tuple[type[Exception], ...]

    def update_strategies(self) -> None:
        """Prepare the tasks."""
        with no_line_of_success():
            super().update_strategies()

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """Return what takes each message; no message's form ends it."""
        handle = super().create_task_handler(*args, **options)

        def handle_or_keep(message: Any) -> None:
            try:
                if rule := message.headers.get(UNREADABLE) or broken_eta(message):
                    self._drop(message, rule)
                else:
                    handle(message)
            except self.connection_errors + self.channel_errors:
                raise
            except DEFECTS as error:
                self._drop(message, f"a message must have the form of a Celery task's: {error!r}")

        return handle_or_keep

    def call_soon_ack(self, p: Any, *args: Any, **options: Any) -> Any:
        """Say in the thread of the task that its message is done: the channel lets it.

        Celery leaves that to its loop, which wakes up for it. A message that is given back is still left to the loop:
        there nobody takes it before it is counted out.
        """
        if getattr(p, "__func__", None) is not Message.ack_log_error:
            return super().call_soon_ack(p, *args, **options)  # type: ignore[misc] # stubs are older
        try:
            return p(*args, **options)
        except Exception:
            log.exception("A message stays noted as in progress, and will come again")

    def _drop(self, message: Any, rule: str) -> None:
        """Keep a message, unless that is done; then take it from Redis."""
        if not message.acknowledged:
            keep(message, rule)
            message.reject_log_error(celery_log, self.connection_errors)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Keep a message whose body is not JSON."""
        keep(message, f"the body must be JSON: {exc}")
        super().on_decode_error(message, exc)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Keep a message for a task that does not exist."""
        keep(message, f"there must be a task of this name: {exc}")
        super().on_unknown_task(body, message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Keep a message that is no Celery task at all."""
        keep(message, "a message must be a Celery task")
        super().on_unknown_message(body, message)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Keep a message whose headers or arguments have not the form of a task's."""
        keep(message, f"a task must have its form: {exc}")
        super().on_invalid_task(body, message, exc)


def broken_eta(message: Any) -> str | None:
    """Return the rule that a message's `eta` breaks; None if it breaks none, or there is none.

    Our own retries send one, at most minutes ahead. Celery would hold a message of the year 9999 in memory for ever,
    and Redis would give it out again every five minutes.
    """
    for eta in _etas(message):
        try:
            at = maybe_iso8601(eta)
        except DEFECTS as error:
            return f"an eta must be a time in ISO 8601: {error!r}"
        if at is None:
            return "an eta must be a time in ISO 8601; it is empty"
        if (at if at.tzinfo else at.replace(tzinfo=UTC)) > datetime.now(UTC) + MOST_AHEAD:
            return f"an eta must be at most {MOST_AHEAD} ahead; it is {eta}"
    return None


def _etas(message: Any) -> list[Any]:
    """Return what the headers say, and the body of a message of Celery's first protocol."""
    found = [message.headers.get("eta")]
    if "task" not in message.headers or message.headers.get("lang") is None:
        try:
            payload = message.payload
        except Exception:  # noqa: BLE001 - the consumer says what is wrong with it
            payload = None
        if isinstance(payload, dict):
            found.append(payload.get("eta"))
    return [eta for eta in found if eta is not None]


def keep(message: Any, rule: str) -> None:
    """Write the dead letter; if DynamoDB is away, the log has to do. Never raises, whatever the message is."""
    subject = "a message"
    try:
        subject = _subject(message)
        services = current()
        write_dead_letter(
            BadMessage(subject, rule=_text(rule)),
            step="consume",
            message=_plain(message.headers),
            image_id=None,
            operations=services.operations,
            clock=services.clock,
        )
    except Exception as trouble:  # noqa: BLE001 - an error here would end the worker
        log.error("A message that cannot be read is dropped, and no dead letter could be written",  # noqa: TRY400 - it says all there is to say
                  subject=subject, rule=rule, because=str(trouble))  # fmt: skip


def _subject(message: Any) -> str:
    queue = (message.delivery_info or {}).get("routing_key", "a queue")
    body = bytes(message.body).decode(errors="replace") if isinstance(message.body, bytes) else str(message.body)
    return f"a message to {_text(queue)}: {_text(message.headers.get('task', 'no task'))} {_text(body)}"


def _text(value: Any) -> str:
    """Return the beginning of a text that every store can hold: JSON may escape halves of characters."""
    return str(value)[:MOST_CHARACTERS].encode(errors="replace").decode()


def _plain(headers: dict[str, Any]) -> dict[str, str]:
    return {name: _text(headers[name]) for name in ("task", "id", "origin", "argsrepr") if headers.get(name)}
