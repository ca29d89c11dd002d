"""Which shared nodes are known to exist, so that they are not merged again for each image."""

from collections.abc import Iterable
from threading import Lock

from sightline.graph.declarations import Key, Node

ROOM = 100_000


class RememberedNodes:
    """A bounded memory of nodes by kind and key, for all threads of a process. The oldest is forgotten first.

    It may be wrong: another process may delete a node. Whoever relies on it compares what he linked with what he
    expected, and forgets on a shortfall.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: dict[tuple[Node, Key], None] = {}
        self._lock = Lock()

    def unknown(self, node: Node, keys: Iterable[Key]) -> list[Key]:
        """Give those keys that are not remembered, sorted."""
        with self._lock:
            return sorted({key for key in keys if (node, key) not in self._known}, key=str)

    def remember(self, node: Node, keys: Iterable[Key]) -> None:
        """Note that these nodes are committed."""
        with self._lock:
            self._known.update(((node, key), None) for key in keys)
            for oldest in list(self._known)[: max(0, len(self._known) - self._room)]:
                del self._known[oldest]

    def forget(self, node: Node, keys: Iterable[Key]) -> None:
        """Doubt these nodes."""
        with self._lock:
            for key in keys:
                self._known.pop((node, key), None)
