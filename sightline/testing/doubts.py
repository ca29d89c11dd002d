"""The in-memory fake of the store of doubts."""

from collections.abc import Callable
from datetime import datetime

from typing_extensions import override

from sightline.storage.users.doubts import DOUBTS_LAST, Doubt, DoubtStore


class InMemoryDoubts(DoubtStore):
    """Doubts in a dictionary. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._doubts: dict[tuple[str, str, str], Doubt] = {}

    @override
    def keep(self, doubt: Doubt) -> None:
        self._doubts[doubt.label, doubt.user, doubt.image_id] = doubt

    @override
    def of(self, label: str) -> list[Doubt]:
        kept = (each for key, each in sorted(self._doubts.items()) if key[0] == label)
        return [each for each in kept if each.at + DOUBTS_LAST > self._clock()]
