"""How an error becomes a dead letter."""

from collections.abc import Callable, Mapping
from datetime import datetime

from stores.operations.protocol import DeadLetter, OperationStore
from vision.errors import RejectedError, SightlineError
from vision.models import Json


def write_letter(
    error: SightlineError,
    *,
    step: str,
    message: Mapping[str, Json],
    operations: OperationStore,
    clock: Callable[[], datetime],
) -> None:
    """Keep the input that `error` refused, with rule and remedy. The subject of a RejectedError is an image id."""
    now = clock()
    operations.write_letter(
        DeadLetter(
            error=type(error).__name__,
            subject=error.subject,
            rule=error.rule,
            remedy=error.remedy,
            step=step,
            message=message,
            first_at=now,
            last_at=now,
            image_id=error.subject if isinstance(error, RejectedError) else None,
        )
    )
