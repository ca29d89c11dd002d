"""How often each feature was called, how it ended and what it cost: counted here, written every ten seconds.

The figures of `status` come from these counters. They are quick, not exact: a kill loses the counts of at most ten
seconds, TERM loses none, and a write whose answer was lost is counted twice. The truth is the ledger, which
`status --exact` reads.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from threading import Lock, Timer
from typing import TypeAlias

import structlog

from sightline.errors import SightlineError
from sightline.storage.operations import Operations

log = structlog.get_logger()

FLUSH_EVERY_SECONDS = 10.0

KEPT_DAYS = 31
"""How many days' counts wait while DynamoDB is away; a day holds one number for each feature and outcome."""

COST = "cost_micro_usd"
UNKNOWN = "unknown"
"""How a call ended whose answer never came, so that it may have been billed."""

SKIPPED = "skipped"
"""Of messages for objects that are no images by their suffix. They are counted beside the calls, by the day as well."""

Schedule: TypeAlias = Callable[[float, Callable[[], None]], None]
"""Do something, so many seconds from now, in another thread."""


def in_a_thread(seconds: float, do: Callable[[], None]) -> None:
    """Wait in a thread that does not keep the process alive."""
    timer = Timer(seconds, do)
    timer.daemon = True
    timer.start()


def skipped_on(day: date) -> str:
    """Return what a day's counts of skipped messages are kept under: no day itself, so that no call is meant."""
    return f"{SKIPPED}#{day.isoformat()}"


class CallCounter:
    """Counts of calls in this process, on their way to the store of operations. Threads share one.

    The first count after a flush books the next flush, so an idle process writes nothing and a caller never waits.
    Build it after the fork; call `flush` when the process ends.
    """

    def __init__(self, operations: Operations, clock: Callable[[], datetime], schedule: Schedule = in_a_thread) -> None:
        self._operations = operations
        self._clock = clock
        self._schedule = schedule
        self._days: dict[str, Counter[tuple[str, str]]] = {}
        self._is_booked = False
        self._lock = Lock()

    def count(self, feature: str, outcome: str, cost_micro_usd: int = 0) -> None:
        """Count one call. outcome: `answered`, `rejected`, `throttled`, `failed`, `unknown`, …: `status` shows it."""
        day = self._clock().astimezone(UTC).date().isoformat()
        self._add(day, {(feature, outcome): 1} | ({(feature, COST): cost_micro_usd} if cost_micro_usd else {}))
        self._book()

    def count_skipped(self, suffix: str) -> None:
        """Count one message that was for an object with this suffix, and was skipped."""
        self._add(skipped_on(self._clock().astimezone(UTC).date()), {(suffix, SKIPPED): 1})
        self._book()

    def flush_soon(self) -> None:
        """Write what was counted so far, from another thread: the process is asked to end, and may be killed yet."""
        self._schedule(0, self._flush_and_go_on)

    def flush(self) -> None:
        """Write what was counted. Where the store fails, its error is raised and the counts are kept."""
        with self._lock:
            days, self._days = self._days, {}
        while days:
            day = min(days)
            try:
                self._operations.usage.count(day, days[day])
            except BaseException:
                self._take_back(days)
                raise
            del days[day]

    def _flush_and_go_on(self) -> None:
        with self._lock:
            self._is_booked = False
        try:
            self.flush()
        except SightlineError as error:
            log.warning("Counts of calls could not be written and are kept", error=str(error))
            self._book()

    def _book(self) -> None:
        with self._lock:
            is_due, self._is_booked = not self._is_booked, True
        if is_due:
            self._schedule(FLUSH_EVERY_SECONDS, self._flush_and_go_on)

    def _take_back(self, days: Mapping[str, Mapping[tuple[str, str], int]]) -> None:
        for day, counts in days.items():
            self._add(day, counts)

    def _add(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        with self._lock:
            self._days.setdefault(day, Counter()).update(counts)
            while len(self._days) > KEPT_DAYS:
                log.error("Counts of calls are dropped: the store has been away for too long", day=min(self._days))
                del self._days[min(self._days)]
