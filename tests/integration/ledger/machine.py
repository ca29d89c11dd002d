"""Two claimants of one analysis in every order that hypothesis can think of, checked against the promises."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sightline.errors import LeaseHeld
from sightline.models.answers import Answer
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger
from sightline.testing.clocks import MovingClock
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

CLAIMANTS = st.sampled_from(["left", "right"])


@dataclass
class Promises:
    """What must be true of the entry, from what the claimants did."""

    claims: int = 0
    unknown: int = 0
    live: tuple[str, datetime] | None = None  # claim id, free at
    settled: Entry | None = None


class LedgerMachine(RuleBasedStateMachine):
    """Claims, answers, late answers and releases, while the clock moves."""

    def __init__(self, ledger: Ledger, clock: MovingClock) -> None:
        super().__init__()
        self.ledger = ledger
        self.clock = clock
        self.analysis = Analysis(uuid4().hex, "c0ffee", "labels", {}, "1", "s3://yard/a.jpg")
        self.held: dict[str, Entry] = {}
        self.promises = Promises()

    @rule(who=CLAIMANTS)
    def claim(self, who: str) -> None:
        p = self.promises
        is_held = p.live is not None and self.clock.now < p.live[1]
        try:
            entry = self.ledger.claim(self.analysis)
        except LeaseHeld:
            assert is_held
            assert p.settled is None
            return
        if p.settled:
            assert p.settled == entry
            return
        assert not is_held
        p.unknown += p.live is not None
        p.claims += 1
        p.live = entry.claim_id, self.clock.now + CLAIM_LEASE + TAKEOVER_AFTER
        self.held[who] = entry

    @precondition(lambda self: self.held)
    @rule(who=CLAIMANTS)
    def settle(self, who: str) -> None:
        if who not in self.held:
            return
        p, claimed = self.promises, self.held[who]
        answer = Answer((), model_version=claimed.claim_id)
        entry = self.ledger.settle(claimed, answer, 1)
        if p.settled is None:
            assert answer == entry.answer
            p.settled, p.live = entry, None
        assert p.settled == entry

    @precondition(lambda self: self.held)
    @rule(who=CLAIMANTS, is_unknown=st.booleans())
    def release(self, who: str, *, is_unknown: bool) -> None:
        if who not in self.held:
            return
        p, claimed = self.promises, self.held[who]
        self.ledger.release(claimed, is_unknown=is_unknown)
        if p.live and p.live[0] == claimed.claim_id:
            p.live = None
            p.unknown += is_unknown

    @rule(seconds=st.sampled_from([1, 30, 90, 149, 150, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))

    @invariant()
    def the_entry_keeps_the_promises(self) -> None:
        p, entry = self.promises, self.ledger.get(self.analysis.analysis_id)
        if entry is None:
            assert p == Promises()
            return
        assert (p.claims, p.unknown) == (entry.attempts, entry.unknown_attempts)
        assert p.settled == (entry if entry.is_settled else None)
        assert (p.live[0] if p.live else None) == (entry.claim_id if entry.lease_until else None)
