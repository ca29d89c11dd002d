"""Queues for tests: what is said to wait in them."""

from collections.abc import Iterable

from sightline.queues.protocol import NOTHING, Standing, Waiting


class InMemoryQueues:
    """Queues whose state is set by hand. A queue that was never set is empty."""

    def __init__(self) -> None:
        self.now: dict[str, Waiting] = {}
        self.in_hand = 0

    def read(self, names: Iterable[str]) -> Standing:
        """Give what was set."""
        return Standing({name: self.now.get(name, NOTHING) for name in names}, self.in_hand)
