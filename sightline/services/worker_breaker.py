"""The worker circuit breaker: it opens while the configuration is refused, so that no message is used up in vain.

Refused credentials, a missing table or a wrong password say nothing about an image, and meet each one alike. So a
refused message goes back to its queue, and after a few in a row the process takes no more. After a pause it tries
again with what comes first, and goes on by itself when that works. One image that alone is refused (a bucket of
somebody else's) never opens it: other images succeed between its tries.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

import structlog

from sightline.errors import AccessDenied, MissingTable, NotSupported, SightlineError, WrongPassword

log = structlog.get_logger()

REFUSALS = (AccessDenied, MissingTable, WrongPassword, NotSupported)
"""What somebody must mend before any image goes on."""

CLOSES_AFTER = 3
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)


class WorkerBreaker:
    """Whether a process takes work. One in each process; threads share it. It begins open."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._in_a_row = 0
        self._pause = FIRST_PAUSE
        self._closed_until: datetime | None = None
        self._reason: str | None = None
        self._lock = Lock()

    @property
    def reason(self) -> str | None:
        """Say why it closed; None once a step has gone well since."""
        return self._reason

    def is_open(self) -> bool:
        """Return whether work may be taken: also to try whether it works again."""
        return self._closed_until is None or self._clock() >= self._closed_until

    def refused(self, error: SightlineError) -> None:
        """Note that a step was refused; close, for twice as long as the last time."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row < CLOSES_AFTER or not self.is_open():
                return
            self._closed_until = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._reason = str(error)
        log.error("This worker takes no work until it is mended", error=str(error))

    def worked(self) -> None:
        """Note that a step went well."""
        if self._in_a_row:
            with self._lock:
                if self._reason:
                    log.info("This worker takes work again")
                self._in_a_row, self._pause, self._closed_until, self._reason = 0, FIRST_PAUSE, None, None
