"""The ledger's contract: claim and release."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import LeaseHeld
from sightline.storage.ledger.protocol import Entry, Ledger, Status
from sightline.testing.clocks import MovingClock
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tests.integration.ledger.stories import ANSWER, SECOND, analysis


def test_setup_repeats_and_check_then_finds_nothing_wrong(ledger: Ledger) -> None:
    ledger.setup()
    ledger.setup()
    ledger.check()


def test_an_analysis_that_nobody_wanted_has_no_entry(ledger: Ledger) -> None:
    assert ledger.get("nobody") is None


def test_a_claim_gives_the_right_to_one_attempt(ledger: Ledger, clock: MovingClock) -> None:
    wanted = analysis()

    claimed = ledger.claim(wanted)

    assert claimed == Entry(wanted, Status.CLAIMED, claimed.claim_id, clock.now + CLAIM_LEASE, attempts=1)
    assert claimed.claim_id != ""
    assert claimed == ledger.get(wanted.analysis_id)


@pytest.mark.parametrize("after", [timedelta(0), CLAIM_LEASE, CLAIM_LEASE + TAKEOVER_AFTER - SECOND])
def test_a_claim_is_refused_until_the_standing_one_is_free(
    ledger: Ledger, clock: MovingClock, after: timedelta
) -> None:
    claimed = ledger.claim(analysis())
    free_at = clock.now + CLAIM_LEASE + TAKEOVER_AFTER
    clock.move(after)

    with pytest.raises(LeaseHeld) as refused:
        ledger.claim(claimed.analysis)

    assert free_at == refused.value.free_at
    assert claimed == ledger.get(claimed.analysis.analysis_id)


def test_a_claim_whose_lease_ended_long_ago_is_taken_over_and_counts_as_unknown(
    ledger: Ledger, clock: MovingClock
) -> None:
    first = ledger.claim(analysis())
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)

    second = ledger.claim(first.analysis)

    assert second.claim_id != first.claim_id
    assert replace(
        first, claim_id=second.claim_id, lease_until=clock.now + CLAIM_LEASE, attempts=2, unknown_attempts=1
    ) == (second)


def test_a_claim_is_for_the_image_that_asks_and_the_entry_remembers_the_first(ledger: Ledger) -> None:
    first = analysis(image_id="s3://yard/first.jpg")
    second = replace(first, image_id="s3://yard/second.jpg")
    ledger.release(ledger.claim(first))

    claimed = ledger.claim(second)
    settled = ledger.settle(claimed, ANSWER, 1000)

    assert second == claimed.analysis
    assert first == settled.analysis


@pytest.mark.parametrize("is_unknown", [False, True])
def test_a_released_claim_is_free_at_once(ledger: Ledger, is_unknown: bool) -> None:  # noqa: FBT001 - a parameter of the test
    claimed = ledger.claim(analysis())

    ledger.release(claimed, is_unknown=is_unknown)

    free = replace(claimed, status=Status.RELEASED, claim_id="", lease_until=None, unknown_attempts=int(is_unknown))
    assert free == ledger.get(claimed.analysis.analysis_id)
    again = ledger.claim(claimed.analysis)
    assert (2, int(is_unknown)) == (again.attempts, again.unknown_attempts)


def test_the_price_of_dropped_answers_adds_up(ledger: Ledger) -> None:
    claimed = ledger.claim(analysis())
    ledger.release(claimed, dropped_micro_usd=1000)
    again = ledger.claim(claimed.analysis)
    ledger.release(again, dropped_micro_usd=1000)
    entry = ledger.get(claimed.analysis.analysis_id)
    assert entry is not None
    assert (entry.dropped_micro_usd, entry.cost_micro_usd) == (2000, 0)
    assert [2000] == [each.dropped_micro_usd for each in ledger.scan() if each.analysis == claimed.analysis]


def test_a_release_leaves_alone_what_is_not_its_own_claim(ledger: Ledger, clock: MovingClock) -> None:
    first = ledger.claim(analysis())
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    second = ledger.claim(first.analysis)

    ledger.release(first, is_unknown=True)
    assert second == ledger.get(first.analysis.analysis_id)

    settled = ledger.settle(second, ANSWER, 1000)
    ledger.release(second, is_unknown=True)
    assert settled == ledger.get(first.analysis.analysis_id)

    ledger.release(Entry(analysis("unheard-of"), Status.CLAIMED, "x"), is_unknown=True)
    assert ledger.get("unheard-of") is None


def test_an_outdated_analysis_is_free_and_its_next_claim_is_not_the_first(ledger: Ledger) -> None:
    wanted = analysis()
    ledger.outdate(wanted)
    entry = ledger.get(wanted.analysis_id)
    assert entry is not None
    assert (Status.RELEASED, 1, 0, wanted) == (entry.status, entry.attempts, entry.unknown_attempts, entry.analysis)
    claimed = ledger.claim(wanted)
    assert (Status.CLAIMED, 2, 0) == (claimed.status, claimed.attempts, claimed.unknown_attempts)


def test_to_outdate_takes_no_claim_away_and_changes_nothing_that_is_settled(ledger: Ledger) -> None:
    claimed = ledger.claim(analysis())
    ledger.outdate(claimed.analysis)
    held = ledger.get(claimed.analysis.analysis_id)
    assert held is not None
    assert (claimed.claim_id, 2) == (held.claim_id, held.attempts)
    settled = ledger.settle(claimed, ANSWER, 1)
    assert (2, 0) == (settled.attempts, settled.unknown_attempts)
    ledger.outdate(claimed.analysis)
    assert settled == ledger.get(claimed.analysis.analysis_id)
