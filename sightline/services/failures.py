"""Which failures are an image's own, and how its row keeps them.

The reconciler counts a round only where such a failure is kept. A server that is away, a throttle, a wait, our own
configuration, or a message that could not be sent, say nothing about an image.
"""

from kombu.exceptions import OperationalError

from sightline.errors import ConfigurationError, ImageChanged, RejectedError, RetryableError
from sightline.models.images import ImageRow, Rejection, State
from sightline.queues.steps import INGEST
from sightline.services.dead_letters import close_replaced
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

_NOT_ITS_OWN = (RetryableError, ConfigurationError, OperationalError, OSError)


def is_its_own(error: BaseException) -> bool:
    """Return whether a step failed for the image's own reason: also by an error that nobody foresaw."""
    return isinstance(error, ImageChanged) or not isinstance(error, _NOT_ITS_OWN)


def keep_failure(error: BaseException, image_id: str, step: str, *, images: ImageStore, operations: Operations) -> None:
    """Keep an image's own failure on its unfinished row. An image refused for good is given up at once.

    If an image was asked for again since, only its ingest can fail: other steps belong to the earlier request.
    """
    row = images.get(image_id)
    if row is None or not row.is_known or not is_its_own(error) or (row.state is State.RECEIVED and step != INGEST):
        return
    why = Rejection(type(error).__name__, str(error) or repr(error))
    if isinstance(error, RejectedError):
        give_up(row, why, images, operations)
    else:
        images.note_failure(row, why)


def give_up(row: ImageRow, why: Rejection, images: ImageStore, operations: Operations) -> None:
    """Leave a row as it is: its dead letter says why, and replaces an earlier one."""
    if images.give_up(row, why):
        close_replaced(row.image_id, row.rejection, why, operations)
