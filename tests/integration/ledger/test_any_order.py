"""Two claimants of one analysis, in any order and at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from hypothesis.stateful import run_state_machine_as_test

from sightline.errors import LeaseHeld
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger
from sightline.testing.clocks import MovingClock
from sightline.testing.ledger import InMemoryLedger
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tests.examples import examples
from tests.integration.ledger.machine import LedgerMachine
from tests.integration.ledger.stories import analysis


def test_of_many_who_claim_at_once_one_pays(ledger: Ledger) -> None:
    wanted = analysis()

    assert 1 == len(list(claims_at_once(ledger, wanted)))
    entry = ledger.get(wanted.analysis_id)
    assert entry is not None
    assert (1, 0) == (entry.attempts, entry.unknown_attempts)


def test_of_many_who_take_over_at_once_one_pays(ledger: Ledger, clock: MovingClock) -> None:
    wanted = ledger.claim(analysis()).analysis
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)

    assert 1 == len(list(claims_at_once(ledger, wanted)))
    entry = ledger.get(wanted.analysis_id)
    assert entry is not None
    assert (2, 1) == (entry.attempts, entry.unknown_attempts)


def claims_at_once(ledger: Ledger, wanted: Analysis) -> Iterator[Entry]:
    def claim(_: int) -> Entry | None:
        try:
            return ledger.claim(wanted)
        except LeaseHeld:
            return None

    with ThreadPoolExecutor(8) as pool:
        yield from filter(None, pool.map(claim, range(8)))


def test_no_order_of_two_claimants_breaks_a_promise_in_memory() -> None:
    def machine() -> LedgerMachine:
        clock = MovingClock()
        return LedgerMachine(InMemoryLedger(clock), clock)

    run_state_machine_as_test(machine, settings=examples(200, stateful_step_count=30, deadline=None))  # type: ignore[arg-type]


def test_no_order_of_two_claimants_breaks_a_promise_in_dynamodb(
    make_dynamo: Callable[..., DynamoLedger], clock: MovingClock
) -> None:
    run_state_machine_as_test(
        lambda: LedgerMachine(make_dynamo(), clock),  # type: ignore[arg-type]
        settings=examples(20, stateful_step_count=20, deadline=None),
    )
