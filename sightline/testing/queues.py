"""Queues for tests: what is said to wait in them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from typing_extensions import override

from sightline.queues.redis import NOTHING, Memory, RedisQueues, Standing, Waiting


class InMemoryQueues(RedisQueues):
    """Queues whose state is set by hand. A queue that was never set is empty."""

    def __init__(self) -> None:
        self.now: dict[str, Waiting] = {}
        self.in_hand = 0
        self.memory_now = Memory("noeviction", 1_000_000, 0, 0)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @override
    def read(self, names: Iterable[str]) -> Standing:
        return Standing({name: self.now.get(name, NOTHING) for name in names}, self.in_hand)

    @override
    def length(self, name: str) -> int:
        return self.now.get(name, NOTHING).messages

    @override
    def memory(self) -> Memory:
        return self.memory_now

    @override
    def try_write(self) -> None:
        pass

    @override
    def time(self) -> datetime:
        return self.clock()
