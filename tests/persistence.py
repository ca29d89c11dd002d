"""Retry, as a task does if its server is too busy to finish in time."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from sightline.errors import Unavailable

ATTEMPTS = 10
"""Enough for a machine with far more work than cores. In each attempt the store itself retries several times."""

Given = TypeVar("Given")


def tried_again(work: Callable[[], Given]) -> Given:
    """Do `work`, and retry if its server is unavailable; raise the error of the last attempt."""
    tries = Retrying(retry=retry_if_exception_type(Unavailable), stop=stop_after_attempt(ATTEMPTS), reraise=True)
    return tries(work)
