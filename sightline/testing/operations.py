"""The in-memory twin of the store of operations."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from sightline.models.answers import Json
from sightline.storage.operations.dead_letters import CLOSED_LETTERS_LAST, fit, sort_key
from sightline.storage.operations.leases import is_free, next_fence
from sightline.storage.operations.protocol import DeadLetter, LastRun, Lease
from sightline.testing.operations_days import InMemoryDays
from sightline.testing.operations_flow import InMemoryFlow


class InMemoryOperationStore(InMemoryDays, InMemoryFlow):
    """A store of operations for tests, with the rules of the real one. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        InMemoryDays.__init__(self)
        InMemoryFlow.__init__(self, clock)
        self._clock = clock
        self._letters: dict[str, DeadLetter] = {}
        self._calls: dict[str, Counter[tuple[str, str]]] = {}
        self._leases: dict[str, Lease] = {}
        self._runs: dict[str, LastRun] = {}
        self._checkpoints: dict[str, tuple[str, datetime]] = {}
        self._lock = Lock()

    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    def check(self) -> None:
        """Do nothing: it can always be used."""

    def write_dead_letter(self, dead_letter: DeadLetter) -> None:
        """Keep a letter, or count another attempt of one that is kept."""
        kept = replace(fit(dead_letter), closed_at=None)
        key = sort_key(kept.dead_letter_id)
        with self._lock:
            before = self._letters.get(key)
            if before:
                kept = replace(kept, first_at=before.first_at, attempts=before.attempts + kept.attempts)
            self._letters[key] = kept

    def dead_letters(self, *, closed: bool = False) -> Iterator[DeadLetter]:
        """Give the open (or the closed) letters, by id."""
        forgotten = self._clock() - CLOSED_LETTERS_LAST
        for _, dead_letter in sorted(self._letters.items()):
            is_listed = (
                dead_letter.closed_at and dead_letter.closed_at > forgotten if closed else dead_letter.closed_at is None
            )
            if is_listed:
                yield dead_letter

    def close_dead_letter(self, dead_letter_id: str) -> bool:
        """Close an open letter; say whether there was one."""
        key = sort_key(dead_letter_id)
        with self._lock:
            dead_letter = self._letters.get(key)
            if dead_letter is None or dead_letter.closed_at:
                return False
            self._letters[key] = replace(dead_letter, closed_at=self._clock())
            return True

    def count_calls(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to a UTC day's counters."""
        with self._lock:
            self._calls.setdefault(day, Counter()).update(counts)

    def calls(self, first_day: str, last_day: str) -> dict[tuple[str, str], int]:
        """Give the counters summed over UTC days, both included."""
        total: Counter[tuple[str, str]] = Counter()
        with self._lock:
            for day, counts in self._calls.items():
                if first_day <= day <= last_day:
                    total.update(counts)
        return dict(total)

    def acquire_lease(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """Take or renew the lease; None while another holds it."""
        now = self._clock()
        with self._lock:
            standing = self._leases.get(name)
            if standing and standing.holder == holder:
                fence = standing.fence
            elif is_free(standing, now):
                fence = next_fence(standing.fence if standing else None, now)
            else:
                return None
            self._leases[name] = Lease(name, holder, fence, now + lasts)
            return self._leases[name]

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back, unless another has it by now. Its fence is remembered."""
        with self._lock:
            standing = self._leases.get(lease.name)
            if standing and (standing.holder, standing.fence) == (lease.holder, lease.fence):
                self._leases[lease.name] = replace(standing, holder="", until=self._clock())

    def keep_checkpoint(self, name: str, position: Mapping[str, Json], lasts: timedelta) -> None:
        """Keep how far a piece of work has come."""
        self._checkpoints[name] = (json.dumps(dict(position)), self._clock() + lasts)

    def checkpoint(self, name: str) -> Mapping[str, Json] | None:
        """Give what was last kept, unless it is too old."""
        kept = self._checkpoints.get(name)
        return json.loads(kept[0]) if kept and kept[1] > self._clock() else None

    def drop_checkpoint(self, name: str) -> None:
        """Forget a checkpoint, if it is there."""
        self._checkpoints.pop(name, None)

    def note_run(self, run: LastRun) -> None:
        """Keep how a run ended, unless a later one is noted already."""
        with self._lock:
            noted = self._runs.get(run.name)
            if noted is None or noted.started_at <= run.started_at:
                self._runs[run.name] = run

    def last_runs(self) -> dict[str, LastRun]:
        """Give the last run of each beat task that ever ran."""
        return dict(self._runs)
