"""Queues that nobody takes from for a while, and the outcomes that the brake looks at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

OUTCOMES_KEPT = 200
"""Of how many of a lane's last images the outcome is known."""


class Cause(StrEnum):
    """Why a queue is not taken from. `brake`: until somebody resumes it; `refused`: until it works again."""

    BRAKE = "brake"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Stop:
    """One queue that is not taken from. until: when this is forgotten, unless it is said again; None: never."""

    queue: str
    cause: Cause
    reason: str
    at: datetime
    until: datetime | None = None

    @property
    def stop_id(self) -> str:
        """Name it: a queue may be stopped for both causes."""
        return f"{self.cause}#{self.queue}"
