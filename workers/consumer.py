"""The worker's consumer, with one addition: a message that no task will ever see is kept as a dead letter.

Celery logs such a message and drops it. Its sender would never hear of it.
"""

from typing import Any

import structlog
from celery.worker import consumer

from tasks.letters import write_letter
from tasks.services import current
from vision.errors import BadMessage, SightlineError

log = structlog.get_logger()

MOST_CHARACTERS = 500
"""Of an unreadable message that a letter repeats."""


class Consumer(consumer.Consumer):
    """Keeps what it can not read, then does what Celery does."""

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


def keep(message: Any, rule: str) -> None:
    """Write the letter; without DynamoDB the log has to do."""
    headers = message.headers or {}
    queue = (message.delivery_info or {}).get("routing_key", "a queue")
    body = bytes(message.body).decode(errors="replace") if isinstance(message.body, bytes) else str(message.body)
    subject = f"a message to {queue}: {headers.get('task', 'no task')} {body[:MOST_CHARACTERS]}"
    error = BadMessage(subject, rule=rule)
    try:
        s = current()
        message_facts = _plain(headers)
        write_letter(
            error, step="consume", message=message_facts, image_id=None, operations=s.operations, clock=s.clock
        )
    except SightlineError as trouble:
        log.error("A message that can not be read is dropped, and no letter could be written",  # noqa: TRY400
                  subject=subject, rule=rule, because=str(trouble))  # fmt: skip


def _plain(headers: dict[str, Any]) -> dict[str, str]:
    return {name: str(headers[name]) for name in ("task", "id", "origin", "argsrepr") if headers.get(name)}
