"""The register of bursts in memory, with the rules of the real one. Threads may share it."""

from threading import Lock

from typing_extensions import override

from sightline.stats.bursts import Burst
from sightline.storage.bursts import BurstRegister, PaidFrames, burst_item, to_paid_frames
from sightline.storage.dynamodb.items import Item


class InMemoryBurstRegister(BurstRegister):
    """The register as items like the real ones."""

    def __init__(self) -> None:
        self._items: dict[Burst, Item] = {}
        self._lock = Lock()

    @override
    def read(self, burst: Burst) -> PaidFrames:
        with self._lock:
            return to_paid_frames(self._items.get(burst))

    @override
    def replace(self, burst: Burst, after: PaidFrames) -> PaidFrames:
        with self._lock:
            standing = self._items.get(burst)
            if (standing["revision"] if standing else 0) == after.revision:
                self._items[burst] = standing = burst_item(after)
            return to_paid_frames(standing)
