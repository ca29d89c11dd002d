"""Work done once for each key, however many callers ask for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Remembers the result for each key. A failure is raised to all who wait for it, and not remembered."""

    def __init__(self) -> None:
        self._made: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """Return the result for `key`; compute it if nobody has."""
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(make())
        return await self._finished(key, self._made[key])

    async def _finished(self, key: K, work: "asyncio.Future[V]") -> V:
        try:
            return await asyncio.shield(work)  # one caller that hangs up must not end the work of the others
        except Exception:
            if self._made.get(key) is work:
                del self._made[key]
            raise
