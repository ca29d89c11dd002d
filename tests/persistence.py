"""What a task does whose server is too busy to finish in time: it is tried again."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from sightline.errors import Unavailable

ATTEMPTS = 10
"""As many as pass on a machine with far more to do than it has cores. The store itself tries several times in each."""

Given = TypeVar("Given")


def tried_again(work: Callable[[], Given]) -> Given:
    """Do `work`, and again if its server is unavailable; raise what the last attempt raised."""
    tries = Retrying(retry=retry_if_exception_type(Unavailable), stop=stop_after_attempt(ATTEMPTS), reraise=True)
    return tries(work)
