"""The in-memory fake of the ledger."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Lock

from typing_extensions import override

from sightline.models.answers import Answer
from sightline.models.images import Rejection
from sightline.storage.ledger.answers import rounded
from sightline.storage.ledger.changes import LedgerChange, LedgerChanges, Page
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger, Status, ends_unknown
from sightline.timing import CLAIM_LEASE


class InMemoryLedger(Ledger):
    """A ledger for tests, with the rules of the real one. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self.changes: list[LedgerChange] = []
        self._lock = Lock()

    @override
    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    @override
    def get(self, analysis_id: str) -> Entry | None:
        return self._entries.get(analysis_id)

    @override
    def claim(self, analysis: Analysis) -> Entry:
        with self._lock:
            standing = self._entries.get(analysis.analysis_id)
            if standing and standing.is_settled:
                return standing
            now = self._clock()
            ended_unknown = ends_unknown(standing, now)
            before = standing or Entry(analysis, Status.RELEASED)
            first_for = replace(before.analysis, lane=analysis.lane, is_redriven=analysis.is_redriven)
            claimed = replace(
                before,
                analysis=first_for,
                status=Status.CLAIMED,
                claim_id=uuid.uuid4().hex,
                lease_until=now + CLAIM_LEASE,
                attempts=before.attempts + 1,
                unknown_attempts=before.unknown_attempts + ended_unknown,
            )
            return replace(self._keep(claimed), analysis=analysis)

    @override
    def settle(
        self, claimed: Entry, outcome: Answer | Rejection, cost_micro_usd: int, paid_at: datetime | None = None
    ) -> Entry:
        with self._lock:
            standing = self._entries.get(claimed.analysis.analysis_id, claimed)
            standing.require_known()
            if standing.is_settled:
                return standing
            settled = replace(
                standing,
                status=Status.ANSWERED if isinstance(outcome, Answer) else Status.REJECTED,
                claim_id=claimed.claim_id,
                lease_until=None,
                answer=rounded(outcome) if isinstance(outcome, Answer) else None,
                rejection=None if isinstance(outcome, Answer) else outcome,
                cost_micro_usd=cost_micro_usd,
                paid_at=paid_at or self._clock(),
                asked_by=claimed.asked_by,
            )
            return self._keep(settled)

    @override
    def release(self, claimed: Entry, *, is_unknown: bool = False, dropped_micro_usd: int = 0) -> None:
        with self._lock:
            standing = self._entries.get(claimed.analysis.analysis_id)
            if standing and standing.status is Status.CLAIMED and standing.claim_id == claimed.claim_id:
                free = replace(
                    standing,
                    status=Status.RELEASED,
                    claim_id="",
                    lease_until=None,
                    unknown_attempts=standing.unknown_attempts + is_unknown,
                    dropped_micro_usd=standing.dropped_micro_usd + dropped_micro_usd,
                )
                self._keep(free)

    @override
    def outdate(self, analysis: Analysis) -> None:
        with self._lock:
            standing = self._entries.get(analysis.analysis_id, Entry(analysis, Status.RELEASED))
            if standing.status in {Status.CLAIMED, Status.RELEASED}:
                self._keep(replace(standing, attempts=standing.attempts + 1))

    @override
    def count(self) -> tuple[int, timedelta]:
        return len(self._entries), timedelta(0)

    @override
    def scan(self) -> Iterator[Entry]:
        for entry in list(self._entries.values()):
            yield replace(entry, answer=None)

    def _keep(self, entry: Entry) -> Entry:
        before, number = self._entries.get(entry.analysis.analysis_id), f"{len(self.changes) + 1:020}"
        self.changes.append(LedgerChange(before, entry, self._clock(), number))
        self._entries[entry.analysis.analysis_id] = entry
        return entry


class InMemoryLedgerChanges(LedgerChanges):
    """What an in-memory ledger has gone through, in one shard, a few changes a page."""

    def __init__(self, ledger: InMemoryLedger, page: int = 3) -> None:
        self._ledger, self._page = ledger, page

    @override
    def lacks(self) -> date | None:
        return None

    @override
    def shards(self) -> list[str]:
        return ["only"]

    @override
    def pages(self, shard: str, after: str | None) -> Iterator[Page]:
        rest = [each for each in self._ledger.changes if after is None or each.number > after]
        for first in range(0, len(rest), self._page):
            yield Page(tuple(rest[first : first + self._page]), is_ended=False)
