"""The sections of the status, each read at most once in its period, and only while somebody looks.

A server that is slow or away must not hold the page up: what is due is read in threads, the page waits a moment for it,
and shows what was read before, with its time, or that it is still being read.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sightline.models.images import State
from sightline.services.status import Gather, Section, read_section

OFTEN, BETWEEN, SELDOM = timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=5)

PERIODS: Mapping[str, timedelta] = {
    "queues": OFTEN,
    "redis": OFTEN,
    "rates": OFTEN,
    "stopped": OFTEN,
    "refusing": OFTEN,
    "last_runs": OFTEN,
    "calls": BETWEEN,
    "cost": BETWEEN,
    "budget": BETWEEN,
    "skipped": BETWEEN,
    "capture_times": BETWEEN,
    "images": SELDOM,
    "parts": SELDOM,
    "graph": SELDOM,
    "video_jobs": SELDOM,
    "candidates": SELDOM,
    "dead_letters": SELDOM,
    "models": SELDOM,
}
"""How old a section may be. Those that walk through rows are read seldom; one that was away is tried again soon."""

PATIENCE = timedelta(seconds=1.5)
"""How long a page waits for what is due."""


@dataclass(frozen=True, slots=True)
class Read:
    """A section, or its error, and when it was read."""

    section: Section
    at: datetime


class StatusReader:
    """What was last read of each section. Threads share one.

    sections: returns what reads each section, from the stores of now
    """

    def __init__(
        self,
        sections: Callable[[], Mapping[str, Gather]],
        clock: Callable[[], datetime],
        pool: Executor,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._sections, self._clock, self._pool, self._patience = sections, clock, pool, patience
        self._kept: dict[str, Read] = {}
        self._reading: dict[str, Future[None]] = {}
        self._forgotten: Counter[str] = Counter()
        self._lock = Lock()

    def read(self, *, whole: bool = False) -> dict[str, Read | None]:
        """Return every section as it was read last; None if it is still being read for the first time.

        whole: wait for each that is due, as long as its server takes
        """
        sections = self._sections()
        with self._lock:
            begun = [self._begin(name, do) for name, do in sections.items() if self._is_due(name)]
        wait(begun, None if whole else self._patience.total_seconds())
        for each in begun:
            if each.done():
                each.result()  # raises what is no error of a server: that is ours
        with self._lock:
            kept = {name: self._kept.get(name) for name in sections}
        return with_lag(kept)

    def forget(self, *names: str) -> None:
        """Read these sections again when somebody looks: they were changed here."""
        with self._lock:
            self._forgotten.update(names)
            for name in names:
                self._kept.pop(name, None)

    def _is_due(self, name: str) -> bool:
        kept = self._kept.get(name)
        if kept is None:
            return True
        period = OFTEN if "error" in kept.section else PERIODS[name]
        return self._clock() >= kept.at + period

    def _begin(self, name: str, do: Gather) -> Future[None]:
        """Begin to read a section, unless it is being read."""
        standing = self._reading.get(name)
        if standing is None or standing.done():
            standing = self._reading[name] = self._pool.submit(self._read, name, do)
        return standing

    def _read(self, name: str, do: Gather) -> None:
        """Read a section; once more if it was changed meanwhile, since it may have been read before the change."""
        is_kept = False
        while not is_kept:
            at, forgotten = self._clock(), self._forgotten[name]
            section = read_section(do)
            with self._lock:
                is_kept = forgotten == self._forgotten[name]
                if is_kept:
                    self._kept[name] = Read(section, at)


def with_lag(kept: dict[str, Read | None]) -> dict[str, Read | None]:
    """Return the sections with how many images the graph is behind, which is told by their states."""
    images, graph = kept.get("images"), kept.get("graph")
    if images is None or graph is None or "error" in graph.section:
        return kept
    behind = graph.section | {"behind": images.section.get(State.ANALYSED)}
    return kept | {"graph": Read(behind, graph.at)}
