"""What a ledger does: claim before paying, settle after, release when nothing was paid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sightline.errors import LeaseHeld, NewerVersion
from sightline.models.answers import Answer, Json
from sightline.models.images import AskedBy, Lane, Rejection
from sightline.models.stored import StoredEnum
from sightline.timing import TAKEOVER_AFTER


class Status(StoredEnum):
    """Where an analysis stands. `released`: claimed once, given back unpaid, free to claim."""

    CLAIMED = "claimed"
    RELEASED = "released"
    ANSWERED = "answered"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is to be paid for, and for which image it was first wanted.

    content: sha256 of the bytes, hex; the image id itself in an imported answer whose image nobody has read yet
    lane, is_redriven: for the books: in which lane it was claimed last, and whether for an image of a dead letter
    """

    analysis_id: str
    content: str
    feature: str
    parameters: Mapping[str, Json]
    generation: str
    image_id: str
    lane: Lane | None = None
    is_redriven: bool = False

    @property
    def is_unread(self) -> bool:
        """Return whether it is of an image whose bytes are not known yet."""
        return self.content == self.image_id


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger.

    attempts: claims so far, and the times that it was outdated
    unknown_attempts: claims that ended with no word (crash, timeout): they may have been billed
    cost_micro_usd: what AWS lists for the call, in millionths of a US dollar
    dropped_micro_usd: the same for answers that were of other bytes by then, and were dropped
    asked_by: how the detector was given the picture; `settle` keeps that of the claimed entry
    """

    analysis: Analysis
    status: Status
    claim_id: str = ""
    lease_until: datetime | None = None
    attempts: int = 0
    unknown_attempts: int = 0
    answer: Answer | None = None
    rejection: Rejection | None = None
    cost_micro_usd: int = 0
    dropped_micro_usd: int = 0
    paid_at: datetime | None = None
    asked_by: AskedBy = AskedBy.NAME
    is_settled: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_settled", self.status in {Status.ANSWERED, Status.REJECTED})

    def require_known(self) -> None:
        """Raise NewerVersion if this version does not know the entry's status."""
        if not self.status.is_known:
            raise NewerVersion(self.analysis.analysis_id)

    @property
    def free_at(self) -> datetime | None:
        """Return when another may claim it: TAKEOVER_AFTER past the lease's end; None if nobody holds a lease."""
        return self.lease_until and self.lease_until + TAKEOVER_AFTER


def shown_status(entry: Entry | None) -> str:
    """Return how an analysis stands, as a person reads it: `waiting`, or how it ended."""
    is_waiting = entry is None or (entry.status.is_known and not entry.is_settled)
    return "waiting" if entry is None or is_waiting else entry.status.shown


class Ledger(Protocol):
    """Analyses by analysis id."""

    def setup(self) -> None:
        """Create the table if it is missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def get(self, analysis_id: str) -> Entry | None:
        """Read one entry, consistently, with its whole answer."""

    def claim(self, analysis: Analysis) -> Entry:
        """Claim the right to one HTTP attempt: an entry in status `claimed`, with a `claim_id` of its own.

        Its `analysis` is the one given, even if another image wanted it first. If the analysis is settled, return that
        entry. Raise LeaseHeld until another's claim is free. Free to claim are: no entry, a released one, and one whose
        lease ended TAKEOVER_AFTER ago (that attempt then counts as unknown). `attempts` + 1.
        Raise NewerVersion, as `settle` does, if the entry has a status that only a newer version knows.
        """

    def settle(
        self, claimed: Entry, outcome: Answer | Rejection, cost_micro_usd: int, paid_at: datetime | None = None
    ) -> Entry:
        """Keep what was paid for; paid_at: now, unless it was paid for elsewhere, earlier.

        A late answer still settles an entry, even one that another process claims now.

        If it is settled already, that entry is returned and nothing changes.
        """

    def release(self, claimed: Entry, *, is_unknown: bool = False, dropped_micro_usd: int = 0) -> None:
        """Release the claim: nothing was paid, or (`is_unknown`) nobody can say. Another's claim is left alone.

        dropped_micro_usd: the price of an answer that came and was of other bytes
        """

    def outdate(self, analysis: Analysis) -> None:
        """Let no claim of this analysis be its first: `attempts` + 1, unless it is settled.

        The first attempt may go by what a message says of its row; each further one reads the row.
        """

    def count(self) -> tuple[int, timedelta]:
        """Return the table's own count of rows, and how old that count may be."""

    def scan(self) -> Iterator[Entry]:
        """Read every entry without its answer: expensive, for `--exact` only."""


def ends_unknown(standing: Entry | None, now: datetime) -> bool:
    """Return whether a claim made now ends an attempt that nobody ever heard of again.

    standing: the entry as it is, not settled. Raise LeaseHeld until the standing claim is free,
    and NewerVersion if its status is unknown.
    """
    if standing:
        standing.require_known()
    if standing is None or standing.status is not Status.CLAIMED:
        return False
    free_at = standing.free_at
    if free_at is not None and now < free_at:
        raise LeaseHeld(standing.analysis.analysis_id, free_at=free_at)
    return True
