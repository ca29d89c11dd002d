"""Work that takes turns: where all of it at once would have each come late."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


class Turns:
    """Lets some threads work at once while others wait, about in the order in which they came.

    at_once: how many work
    patience_seconds: how long one waits for its turn. Then it works beside the others: they may wait for a server that
    does not answer.
    """

    def __init__(self, at_once: int, patience_seconds: float) -> None:
        self._room = BoundedSemaphore(at_once)
        self._patience_seconds = patience_seconds

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, and end it with the block."""
        has_turn = self._room.acquire(timeout=self._patience_seconds)
        try:
            yield
        finally:
            if has_turn:
                self._room.release()
