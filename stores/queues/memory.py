"""Queues for tests: what is said to wait in them."""

from collections.abc import Iterable

from stores.queues.protocol import NOTHING, Waiting


class InMemoryQueues:
    """Queues whose state is set by hand. A queue that was never set is empty."""

    def __init__(self) -> None:
        self.now: dict[str, Waiting] = {}
        self.in_hand = 0

    def waiting(self, names: Iterable[str]) -> dict[str, Waiting]:
        """Give what was set."""
        return {name: self.now.get(name, NOTHING) for name in names}

    def unacknowledged(self) -> int:
        """Give what was set."""
        return self.in_hand
