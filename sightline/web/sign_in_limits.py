"""How often somebody may try to sign in: counted by name and by address, in the process that checks the password."""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

MINUTE = timedelta(minutes=1)
TRIES_BY_NAME = 5
TRIES_BY_ADDRESS = 20
MOST_REMEMBERED = 10_000
"""Names and addresses; the one that tried longest ago is forgotten first."""


class SignInLimits:
    """Tries of the last minute. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def wait(self, name: str, address: str) -> timedelta:
        """Return how long a try must wait. One that need not wait is counted."""
        now = self._clock()
        with self._lock:
            asked = [(("name", name), TRIES_BY_NAME), (("address", address), TRIES_BY_ADDRESS)]
            waits = [self._wait(key, most, now) for key, most in asked]
            if not any(waits):
                for key, _ in asked:
                    self._note(key, now)
            return max(waits)

    def forget(self, name: str) -> None:
        """Forget the tries of a name: its owner has signed in."""
        with self._lock:
            self._tries.pop(("name", name), None)

    def _wait(self, key: tuple[str, str], most: int, now: datetime) -> timedelta:
        tries = self._tries.get(key)
        while tries and tries[0] + MINUTE <= now:
            tries.popleft()
        return tries[-most] + MINUTE - now if tries and len(tries) >= most else timedelta(0)

    def _note(self, key: tuple[str, str], now: datetime) -> None:
        self._tries.setdefault(key, deque()).append(now)
        self._tries.move_to_end(key)
        if len(self._tries) > MOST_REMEMBERED:
            self._tries.popitem(last=False)
