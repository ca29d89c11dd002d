"""The small stores of the table of operations, in memory, with the rules of the real ones. Threads may share them."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock
from uuid import uuid4

from typing_extensions import override

from sightline.models.answers import Json
from sightline.models.bucket_refusals import BucketRefusal, Reader, Tries
from sightline.models.images import CameraDay
from sightline.models.rates import RateOverride
from sightline.storage.attempts import BEGINNINGS_LAST, Attempts
from sightline.storage.bucket_refusals import REMEMBERED_FOR, BucketRefusals, as_text, from_text
from sightline.storage.capture_counts import CaptureCounts, Counted
from sightline.storage.checkpoints import Checkpoints
from sightline.storage.dead_letters import (
    CLOSED_LETTERS_LAST,
    DeadLetter,
    DeadLetters,
    dead_letter_id_of,
    error_of,
    fit,
)
from sightline.storage.dirty_days import FIRST_DAY, LAST_DAY, DirtyDay, DirtyDayStore, Purpose
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.leases import Lease, Leases, is_free, next_fence
from sightline.storage.operations import Operations
from sightline.storage.pauses import OUTCOMES_KEPT, Cause, Outcome, Pauses, Stop, last_outcomes, stop_id_of
from sightline.storage.rate_overrides import RateOverrides
from sightline.storage.runs import LastRun, Runs
from sightline.storage.usage import Usage
from sightline.testing.books import InMemoryBooks, InMemoryBudgetAccounts
from sightline.testing.bursts import InMemoryBurstRegister
from sightline.testing.comparisons import InMemoryComparisons
from sightline.testing.people import InMemoryPeople


class InMemoryDeadLetters(DeadLetters):
    """The dead letters in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._letters: dict[str, DeadLetter] = {}
        self._lock = Lock()

    @override
    def write(self, dead_letter: DeadLetter) -> None:
        kept = replace(fit(dead_letter), closed_at=None)
        key = sort_key(kept.dead_letter_id)
        with self._lock:
            before = self._letters.get(key)
            if before:
                kept = replace(kept, first_at=before.first_at, attempts=before.attempts + kept.attempts)
            self._letters[key] = kept

    @override
    def read(
        self, *, closed: bool = False, error: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Iterator[DeadLetter]:
        yield from islice((each for each in self._of(error, after) if self._is_listed(each, closed=closed)), limit)

    @override
    def walk(
        self,
        *,
        error: str | None = None,
        after: str | None = None,
        limit: int,
        page: int,
    ) -> Iterator[DeadLetter]:
        yield from islice(self._of(error, after), limit)

    def _of(self, error: str | None, after: str | None) -> Iterator[DeadLetter]:
        begin, prefix = sort_key(after) if after else "", dead_letter_id_of(error, "") if error else ""
        return (each for key, each in sorted(self._letters.items()) if key > begin and key.startswith(prefix))

    def _is_listed(self, dead_letter: DeadLetter, *, closed: bool) -> bool:
        if dead_letter.closed_at is None:
            return not closed
        return closed and dead_letter.closed_at > self._clock() - CLOSED_LETTERS_LAST

    @override
    def get(self, dead_letter_id: str) -> DeadLetter | None:
        return self._letters.get(sort_key(dead_letter_id))

    @override
    def open_ids(self) -> Iterator[tuple[str, datetime]]:
        kept = sorted(self._letters.items())
        return ((key, each.last_at) for key, each in kept if each.closed_at is None)

    @override
    def count_by_error(self) -> dict[str, int]:
        return dict(Counter(error_of(each.dead_letter_id) for each in self.read()))

    @override
    def close(self, dead_letter_id: str) -> bool:
        key = sort_key(dead_letter_id)
        with self._lock:
            dead_letter = self._letters.get(key)
            if dead_letter is None or dead_letter.closed_at:
                return False
            self._letters[key] = replace(dead_letter, closed_at=self._clock())
            return True


class InMemoryLeases(Leases):
    """The leases in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._lock = Lock()

    @override
    def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
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

    @override
    def release(self, lease: Lease) -> None:
        """Release the lease, unless another has it by now. Its fence is remembered."""
        with self._lock:
            standing = self._leases.get(lease.name)
            if standing and (standing.holder, standing.fence) == (lease.holder, lease.fence):
                self._leases[lease.name] = replace(standing, holder="", until=self._clock())


class InMemoryCheckpoints(Checkpoints):
    """The checkpoints in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._checkpoints: dict[str, tuple[str, datetime]] = {}
        self._lock = Lock()

    @override
    def keep(self, name: str, position: Mapping[str, Json], lasts: timedelta) -> None:
        self._checkpoints[name] = (json.dumps(dict(position)), self._clock() + lasts)

    @override
    def get(self, name: str) -> Mapping[str, Json] | None:
        kept = self._checkpoints.get(name)
        return json.loads(kept[0]) if kept and kept[1] > self._clock() else None

    @override
    def drop(self, name: str) -> None:
        self._checkpoints.pop(name, None)


class InMemoryDirtyDays(DirtyDayStore):
    """The dirty days in memory."""

    def __init__(self) -> None:
        self._dirty: dict[tuple[Purpose, CameraDay], str] = {}
        self._known: set[CameraDay] = set()
        self._reopened: dict[CameraDay, datetime] = {}
        self._lock = Lock()

    @override
    def mark(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        distinct, mark = set(days), uuid4().hex
        with self._lock:
            self._known |= distinct
            self._dirty.update({(purpose, day): mark for purpose in purposes for day in distinct})

    @override
    def dirty(self, purpose: Purpose, first_day: str = FIRST_DAY, last_day: str = LAST_DAY) -> Iterator[DirtyDay]:
        with self._lock:
            marks = sorted((day, mark) for (of, day), mark in self._dirty.items() if of == purpose)
        yield from (DirtyDay(purpose, day, mark) for day, mark in marks if first_day <= day.day <= last_day)

    @override
    def clean(self, dirty: DirtyDay) -> bool:
        key = (dirty.purpose, dirty.camera_day)
        with self._lock:
            is_same = self._dirty.get(key) == dirty.mark
            if is_same:
                del self._dirty[key]
            return is_same

    @override
    def known(
        self, camera: str | None = None, first_day: str = FIRST_DAY, last_day: str = LAST_DAY
    ) -> Iterator[CameraDay]:
        with self._lock:
            days = sorted(self._known)
        yield from (each for each in days if camera in {None, each.camera} and first_day <= each.day <= last_day)

    @override
    def newest(self, camera: str) -> str | None:
        return max((each.day for each in self.known(camera)), default=None)

    def reopen(self, days: Iterable[CameraDay], at: datetime) -> None:
        """Let the figures of days be made again."""
        with self._lock:
            self._reopened.update(dict.fromkeys(days, at))

    def reopened_at(self, day: CameraDay) -> datetime | None:
        """Return when a day was last reopened."""
        return self._reopened.get(day)


class InMemoryAttempts(Attempts):
    """The attempts in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._begun: dict[str, dict[str, datetime]] = {}
        self._lock = Lock()

    @override
    def begin(self, step_id: str, attempt_id: str) -> None:
        with self._lock:
            self._begun.setdefault(step_id, {})[attempt_id] = self._clock()

    @override
    def begun(self, step_id: str) -> dict[str, datetime]:
        with self._lock:
            noted = dict(self._begun.get(step_id, {}))
        return {attempt: at for attempt, at in noted.items() if at + BEGINNINGS_LAST > self._clock()}

    @override
    def end(self, step_id: str) -> None:
        with self._lock:
            self._begun.pop(step_id, None)


class InMemoryPauses(Pauses):
    """The pauses in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._stops: dict[str, Stop] = {}
        self._outcomes: dict[str, tuple[Outcome, ...]] = {}
        self._lock = Lock()

    @override
    def stop(self, stop: Stop) -> None:
        with self._lock:
            before = self._stops.get(stop.stop_id, stop)
            self._stops[stop.stop_id] = replace(stop, at=before.at)

    @override
    def resume(self, queue: str, cause: Cause, camera: str | None = None) -> bool:
        with self._lock:
            return self._stops.pop(stop_id_of(queue, cause, camera), None) is not None

    @override
    def stops(self) -> Iterator[Stop]:
        with self._lock:
            stops = sorted(self._stops.values(), key=lambda stop: stop.stop_id)
        yield from (stop for stop in stops if stop.until is None or stop.until > self._clock())

    @override
    def note_outcomes(
        self, name: str, outcomes: Sequence[Outcome], *, most_of_a_group: int = OUTCOMES_KEPT
    ) -> tuple[Outcome, ...]:
        with self._lock:
            self._outcomes[name] = last_outcomes(self._outcomes.get(name, ()), outcomes, most_of_a_group)
            return self._outcomes[name]

    @override
    def forget_outcomes(self, name: str) -> None:
        with self._lock:
            self._outcomes[name] = ()


class InMemoryUsage(Usage):
    """The usage in memory."""

    def __init__(self) -> None:
        self._calls: dict[str, Counter[tuple[str, str]]] = {}
        self._lock = Lock()

    @override
    def count(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        with self._lock:
            self._calls.setdefault(day, Counter()).update(counts)

    @override
    def calls_by_day(self, first_day: str, last_day: str) -> dict[str, dict[tuple[str, str], int]]:
        with self._lock:
            return {
                day: dict(counts)
                for day, counts in sorted(self._calls.items())
                if counts and first_day <= day <= last_day
            }


class InMemoryRuns(Runs):
    """The runs in memory."""

    def __init__(self) -> None:
        self._runs: dict[str, LastRun] = {}
        self._lock = Lock()

    @override
    def note(self, run: LastRun) -> None:
        with self._lock:
            noted = self._runs.get(run.name)
            if noted is None or noted.started_at <= run.started_at:
                self._runs[run.name] = run

    @override
    def last(self) -> dict[str, LastRun]:
        return dict(self._runs)


class InMemoryRateOverrides(RateOverrides):
    """The overrides in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], RateOverride] = {}
        self._lock = Lock()

    def keep(self, scope: str, operation: str, per_second: float | None, reason: str) -> RateOverride:
        """Keep an override."""
        with self._lock:
            before = self._kept.get((scope, operation))
            kept = RateOverride(per_second, reason, before.revision + 1 if before else 1)
            self._kept[scope, operation] = kept
            return kept

    def keep_unless_known(self, scope: str, operation: str, per_second: float, reason: str) -> None:
        """Keep an override if there is none."""
        with self._lock:
            self._kept.setdefault((scope, operation), RateOverride(per_second, reason))

    def read(self, scope: str) -> dict[str, RateOverride]:
        """Return the overrides of one account and region."""
        with self._lock:
            return {operation: kept for (of, operation), kept in self._kept.items() if of == scope}


class InMemoryCaptureCounts(CaptureCounts):
    """The capture counts in memory."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, Counter[Counted]]] = {}
        self._lock = Lock()

    def count(self, camera: str, at: datetime, what: Mapping[Counted, int]) -> None:
        """Add to a camera's counters."""
        with self._lock:
            self._counts.setdefault(f"{at:%Y-%m}", {}).setdefault(camera, Counter()).update(what)

    def of_month(self, at: datetime) -> dict[str, dict[Counted, int]]:
        """Return the counters of a month."""
        return {camera: dict(counts) for camera, counts in sorted(self._counts.get(f"{at:%Y-%m}", {}).items())}


class InMemoryBucketRefusals(BucketRefusals):
    """The refusals in memory, as text like the real ones."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._refusals: dict[tuple[str, Reader], tuple[str, int]] = {}
        self._written_at: dict[tuple[str, Reader], datetime] = {}
        self._tries: dict[tuple[str, Reader], Tries] = {}
        self._tried_at: dict[tuple[str, Reader], datetime] = {}
        self._lock = Lock()

    @override
    def read(self) -> list[BucketRefusal]:
        since = self._clock() - REMEMBERED_FOR
        with self._lock:
            return [from_text(*kept) for key, kept in sorted(self._refusals.items()) if self._written_at[key] > since]

    @override
    def get(self, bucket: str, reader: Reader) -> BucketRefusal:
        kept = self._refusals.get((bucket, reader))
        return from_text(*kept) if kept else BucketRefusal(bucket, reader)

    @override
    def replace(self, after: BucketRefusal) -> BucketRefusal | None:
        key, written = (after.bucket, after.reader), replace(after, revision=after.revision + 1)
        with self._lock:
            if self._refusals.get(key, ("", 0))[1] != after.revision:
                return None
            self._refusals[key], self._written_at[key] = (as_text(written), written.revision), self._clock()
            return written

    @override
    def tries(self, image_id: str, reader: Reader) -> Tries | None:
        tried_at = self._tried_at.get((image_id, reader))
        return self._tries.get((image_id, reader)) if tried_at and tried_at + REMEMBERED_FOR > self._clock() else None

    @override
    def keep_tries(self, image_id: str, reader: Reader, tries: Tries | None) -> None:
        if tries is None:
            self._tries.pop((image_id, reader), None)
        else:
            self._tries[image_id, reader], self._tried_at[image_id, reader] = tries, self._clock()


def in_memory_operations(clock: Callable[[], datetime]) -> Operations:
    """Return the stores of one FakeSightline."""
    return Operations(
        dead_letters=InMemoryDeadLetters(clock),
        leases=InMemoryLeases(clock),
        checkpoints=InMemoryCheckpoints(clock),
        dirty_days=InMemoryDirtyDays(),
        attempts=InMemoryAttempts(clock),
        pauses=InMemoryPauses(clock),
        usage=InMemoryUsage(),
        runs=InMemoryRuns(),
        rate_overrides=InMemoryRateOverrides(),
        capture_counts=InMemoryCaptureCounts(),
        bucket_refusals=InMemoryBucketRefusals(clock),
        books=InMemoryBooks(),
        comparisons=InMemoryComparisons(clock),
        budget_accounts=InMemoryBudgetAccounts(),
        bursts=InMemoryBurstRegister(),
        people=InMemoryPeople(clock),
    )
