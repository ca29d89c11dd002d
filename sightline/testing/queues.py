"""Queues for tests: what is said to wait in them."""

from collections.abc import Iterable

from typing_extensions import override

from sightline.queues.redis import NOTHING, RedisQueues, Standing, Waiting


class InMemoryQueues(RedisQueues):
    """Queues whose state is set by hand. A queue that was never set is empty."""

    def __init__(self) -> None:
        self.now: dict[str, Waiting] = {}
        self.in_hand = 0

    @override
    def read(self, names: Iterable[str]) -> Standing:
        return Standing({name: self.now.get(name, NOTHING) for name in names}, self.in_hand)
