"""How an error becomes a dead letter."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sightline.errors import SightlineError
from sightline.models.answers import Json
from sightline.models.images import Rejection
from sightline.storage.dead_letters import DeadLetter, dead_letter_id_of
from sightline.storage.operations import Operations


def write_dead_letter(
    error: SightlineError,
    *,
    step: str,
    message: Mapping[str, Json],
    image_id: str | None,
    operations: Operations,
    clock: Callable[[], datetime],
) -> None:
    """Keep the input that `error` refused, with rule and remedy. image_id: None if the input names no image."""
    now = clock()
    operations.dead_letters.write(
        DeadLetter(
            error=type(error).__name__,
            subject=error.subject,
            rule=error.rule,
            remedy=error.remedy,
            step=step,
            message=message,
            first_at=now,
            last_at=now,
            image_id=image_id,
        )
    )


def close_replaced(image_id: str, old: Rejection | None, new: Rejection | None, operations: Operations) -> None:
    """Close the dead letter of an image's old rejection if its row keeps another rejection, or none."""
    if old and (new is None or new.error != old.error):
        operations.dead_letters.close(dead_letter_id_of(old.error, image_id))
