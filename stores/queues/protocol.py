"""What can be asked of the queues. Their messages are Celery's; nothing is taken or sent here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue. sent_at: of the message that is next to go; None where there is none, or its sender did not say."""

    messages: int
    sent_at: datetime | None = None


NOTHING = Waiting(0)


class Queues(Protocol):
    """The queues by name, as they stand now. A queue gives its messages in the order in which they came."""

    def waiting(self, names: Iterable[str]) -> dict[str, Waiting]:
        """Say what waits in each queue; raise Unavailable where the broker does not answer."""

    def unacknowledged(self) -> int:
        """Count the messages that workers have taken and not finished; raise Unavailable."""
