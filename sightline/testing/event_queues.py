"""The in-memory fake of a queue of S3's events: it hands a message out again unless it is deleted in time."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count

from typing_extensions import override

from sightline.queues.sqs import MOST_AT_ONCE, Depth, EventQueue, Received

VISIBLE_AFTER = timedelta(minutes=2)


class InMemoryEventQueue(EventQueue):
    """Messages in a dictionary. clock: by it a message becomes visible again."""

    def __init__(self, clock: Callable[[], datetime], name: str = "events") -> None:
        self._clock, self._name = clock, name
        self._numbers = count()
        self._bodies: dict[str, str] = {}
        self._hidden_until: dict[str, datetime] = {}

    @property
    @override
    def name(self) -> str:
        return self._name

    def put(self, bodies: Iterable[str]) -> None:
        """Send messages."""
        self._bodies |= {str(next(self._numbers)): body for body in bodies}

    @override
    def receive(self) -> Sequence[Received]:
        """Return what is visible now, without waiting."""
        now = self._clock()
        visible = [each for each in self._bodies if self._hidden_until.get(each, now) <= now][:MOST_AT_ONCE]
        self._hidden_until |= dict.fromkeys(visible, now + VISIBLE_AFTER)
        return [Received(each, each, self._bodies[each], self._name) for each in visible]

    @override
    def delete(self, messages: Sequence[Received]) -> None:
        for each in messages:
            self._bodies.pop(each.receipt, None)

    @override
    def depth(self) -> Depth:
        now = self._clock()
        hidden = sum(self._hidden_until.get(each, now) > now for each in self._bodies)
        return Depth(len(self._bodies) - hidden, hidden)
