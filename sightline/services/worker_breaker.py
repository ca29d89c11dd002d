"""The worker circuit breaker: it opens while the configuration is refused, so no message wastes its retries.

Refused credentials, a missing table or a wrong password say nothing about an image: every image meets them. So a
refused message goes back to its queue, and after OPENS_AFTER refusals in a row the breaker opens: the process takes no
work. After a pause it tries the next message, and closes when a step succeeds. What S3 refuses of one
bucket opens nothing here: see `bucket_gate.py`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

import structlog

from sightline.errors import AccessDenied, MissingTable, NotSupported, SightlineError, WrongPassword

log = structlog.get_logger()

REFUSALS = (AccessDenied, MissingTable, WrongPassword, NotSupported)
"""What somebody must fix before any image can continue."""

OPENS_AFTER = 3
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)


class WorkerBreaker:
    """Whether a process may take work. One for each process, shared by its threads.

    Closed, as it begins, it lets work pass; open, it lets none pass until the pause is over.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._in_a_row = 0
        self._pause = FIRST_PAUSE
        self._open_until: datetime | None = None
        self._reason: str | None = None
        self._lock = Lock()

    @property
    def reason(self) -> str | None:
        """Say why it opened; None once a step has succeeded since."""
        return self._reason

    def may_take_work(self) -> bool:
        """Return whether work may be taken: the breaker is closed, or its pause is over, to try again."""
        return self._open_until is None or self._clock() >= self._open_until

    def refused(self, error: SightlineError) -> None:
        """Note that a step was refused; after OPENS_AFTER in a row open, for twice as long as the last time."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row < OPENS_AFTER or not self.may_take_work():
                return
            self._open_until = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._reason = str(error)
        log.error("This worker takes no work until it is mended", error=str(error))

    def worked(self) -> None:
        """Note that a step succeeded; close."""
        if self._in_a_row:
            with self._lock:
                if self._reason:
                    log.info("This worker takes work again")
                self._in_a_row, self._pause, self._open_until, self._reason = 0, FIRST_PAUSE, None, None
