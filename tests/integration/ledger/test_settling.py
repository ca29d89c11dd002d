"""The ledger's contract: what is paid is kept, once."""

from dataclasses import replace

from sightline.models.answers import Answer, Box, Detection
from sightline.models.images import AskedBy
from sightline.storage.ledger.protocol import Entry, Ledger, Status
from sightline.testing.clocks import MovingClock
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tests.integration.ledger.stories import ANSWER, OTHER_ANSWER, REJECTION, SECOND, analysis, landmarks


def test_an_answer_is_kept_whole(ledger: Ledger, clock: MovingClock) -> None:
    claimed = ledger.claim(analysis())
    clock.move(SECOND)

    settled = ledger.settle(claimed, ANSWER, 1000)

    expected = replace(
        claimed, status=Status.ANSWERED, lease_until=None, answer=ANSWER, cost_micro_usd=1000, paid_at=clock.now
    )
    assert expected == settled
    assert expected == ledger.get(claimed.analysis.analysis_id)
    assert expected == ledger.claim(claimed.analysis)


def test_an_answer_that_found_nothing_is_an_answer(ledger: Ledger) -> None:
    settled = ledger.settle(ledger.claim(analysis()), OTHER_ANSWER, 1000)

    assert (Status.ANSWERED, OTHER_ANSWER, True) == (settled.status, settled.answer, settled.is_settled)


def test_numbers_come_back_with_four_places(ledger: Ledger) -> None:
    given = Answer((Detection("Dog", 98.123456, Box(1 / 3, 0.0, 1.0, 1e-9), {"roll": -12.34567}),), "1", 55.55558)
    kept = Answer((Detection("Dog", 98.1235, Box(0.3333, 0.0, 1.0, 0.0), {"roll": -12.3457}),), "1", 55.5556)

    assert kept == ledger.settle(ledger.claim(analysis()), given, 1).answer


def test_a_rejection_is_kept(ledger: Ledger, clock: MovingClock) -> None:
    claimed = ledger.claim(analysis())

    settled = ledger.settle(claimed, REJECTION, 0)

    expected = replace(claimed, status=Status.REJECTED, lease_until=None, rejection=REJECTION, paid_at=clock.now)
    assert expected == settled
    assert expected == ledger.get(claimed.analysis.analysis_id)


def test_an_answer_of_more_than_300_kilobytes_comes_back_whole(ledger: Ledger) -> None:
    answer = landmarks(100)

    settled = ledger.settle(ledger.claim(analysis()), answer, 1000)

    assert answer == settled.answer
    assert settled == ledger.get(settled.analysis.analysis_id)
    assert settled == ledger.claim(settled.analysis)


def test_settling_what_is_settled_changes_nothing(ledger: Ledger, clock: MovingClock) -> None:
    claimed = ledger.claim(analysis())
    settled = ledger.settle(claimed, ANSWER, 1000)
    clock.move(SECOND)

    assert settled == ledger.settle(claimed, OTHER_ANSWER, 2000)
    assert settled == ledger.settle(claimed, REJECTION, 0)
    assert settled == ledger.get(claimed.analysis.analysis_id)


def test_a_late_answer_settles_what_another_has_claimed_meanwhile(ledger: Ledger, clock: MovingClock) -> None:
    late = ledger.claim(analysis())
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    taken = ledger.claim(late.analysis)

    settled = ledger.settle(late, ANSWER, 1000)

    assert (Status.ANSWERED, late.claim_id, ANSWER, 2, 1) == (
        settled.status,
        settled.claim_id,
        settled.answer,
        settled.attempts,
        settled.unknown_attempts,
    )
    assert settled == ledger.settle(taken, OTHER_ANSWER, 1000)


def test_a_late_answer_settles_what_was_released(ledger: Ledger) -> None:
    claimed = ledger.claim(analysis())
    ledger.release(claimed, is_unknown=True)

    assert ANSWER == ledger.settle(claimed, ANSWER, 1000).answer


def test_a_paid_answer_is_kept_even_where_the_entry_is_lost(ledger: Ledger) -> None:
    never_kept = Entry(analysis(), Status.CLAIMED, "lost", attempts=1)

    settled = ledger.settle(never_kept, ANSWER, 1000)

    assert (ANSWER, 1) == (settled.answer, settled.attempts)
    assert settled == ledger.get(never_kept.analysis.analysis_id)


def test_a_scan_gives_each_entry_without_its_answer(ledger: Ledger) -> None:
    claimed = ledger.claim(analysis())
    answered = ledger.settle(ledger.claim(analysis()), ANSWER, 1000)
    large = ledger.settle(ledger.claim(analysis()), landmarks(60), 1000)
    rejected = ledger.settle(ledger.claim(analysis()), REJECTION, 0)

    expected = [claimed, replace(answered, answer=None), replace(large, answer=None), rejected]
    assert {each.analysis.analysis_id: each for each in expected} == {
        each.analysis.analysis_id: each for each in ledger.scan()
    }
    assert 4 == ledger.count()[0]


def test_it_is_kept_how_the_picture_was_given(ledger: Ledger) -> None:
    settled = ledger.settle(replace(ledger.claim(analysis()), asked_by=AskedBy.BYTES), ANSWER, 1000)

    assert AskedBy.BYTES is settled.asked_by
    assert settled == ledger.get(settled.analysis.analysis_id)
    assert [AskedBy.BYTES] == [entry.asked_by for entry in ledger.scan()]
