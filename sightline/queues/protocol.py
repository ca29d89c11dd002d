"""What can be asked of the queues. Their messages are Celery's; nothing is taken or sent here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue. sent_at: of the message that is next to go; None where there is none, or its sender did not say."""

    messages: int
    sent_at: datetime | None = None


NOTHING = Waiting(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How queues stand. unacknowledged: messages, of any queue, that workers have taken and not finished."""

    waiting: Mapping[str, Waiting]
    unacknowledged: int


class Queues(Protocol):
    """The queues by name, as they stand now. A queue gives its messages in the order in which they came."""

    def read(self, names: Iterable[str]) -> Standing:
        """Say how each queue stands; raise Unavailable where the broker does not answer."""
