"""Comparisons are claimed and settled once, expire, and are forgotten by picture: in DynamoDB as in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import LeaseHeld
from sightline.models.answers import Box
from sightline.models.comparisons import Compared, ComparedFace, Side
from sightline.storage.comparisons import Pair, Request, Standing
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

A, B, C = (letter * 64 for letter in "abc")
FACE = Box(0.125, 0.25, 0.0123456, 0.5)
FOUND = Compared(ComparedFace(FACE, 99.5), (ComparedFace(FACE, 98.0, 93.123456), ComparedFace(FACE, 51.0, 0.0)))
LASTS = timedelta(days=30)


@pytest.fixture
def comparisons(operations):
    return operations.comparisons


@pytest.fixture
def pair(clock):
    return Pair("1" * 64, A, B, clock() + LASTS)


@pytest.fixture
def request_of(clock):
    def make(pair):
        return Request(pair, 's3://images/gate/it\'s "a".jpg', "s3://images/gate/b+ü.jpg", "ann", clock())

    return make


def test_what_is_settled_is_read_as_it_was_and_never_claimed_again(comparisons, pair, clock):
    settled = comparisons.settle(comparisons.claim(pair), FOUND, 1000)
    assert (Standing.ANSWERED, FOUND, 1000, clock()) == (
        settled.standing,
        settled.compared,
        settled.cost_micro_usd,
        settled.at,
    )
    assert settled == comparisons.get(pair.comparison_id) == comparisons.claim(pair)


@pytest.mark.parametrize("compared", [Compared(None, (), Side.SOURCE), Compared(FOUND.source, (), Side.TARGET)])
def test_that_there_is_no_face_is_kept_like_any_answer(comparisons, pair, compared):
    comparisons.settle(comparisons.claim(pair), compared, 0)
    assert compared == comparisons.get(pair.comparison_id).compared


def test_only_one_has_the_claim(comparisons, pair):
    claimed = comparisons.claim(pair)
    assert (Standing.CLAIMED, 1) == (claimed.standing, claimed.attempts)
    with pytest.raises(LeaseHeld) as held:
        comparisons.claim(pair)
    assert claimed.free_at == held.value.free_at


def test_a_claim_that_is_given_back_is_free_at_once(comparisons, pair):
    comparisons.release(comparisons.claim(pair))
    again = comparisons.claim(pair)
    assert (2, 0) == (again.attempts, again.unknown_attempts)
    comparisons.release(again, is_unknown=True)
    assert 1 == comparisons.get(pair.comparison_id).unknown_attempts


def test_a_claim_whose_holder_died_is_taken_over_and_counted_as_ended_unknown(comparisons, pair, clock):
    first = comparisons.claim(pair)
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    second = comparisons.claim(pair)
    assert (False, True) == (first.took_over, second.took_over)
    assert (2, 1) == (second.attempts, second.unknown_attempts)
    assert not comparisons.get(pair.comparison_id).took_over
    comparisons.release(first)
    assert Standing.CLAIMED == comparisons.get(pair.comparison_id).standing


def test_a_claim_that_was_given_back_meanwhile_is_free_and_nothing_is_counted(comparisons, pair, clock):
    first = comparisons.claim(pair)
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    comparisons.release(first)
    second = comparisons.claim(pair)
    assert (False, 2, 0) == (second.took_over, second.attempts, second.unknown_attempts)


def test_a_late_answer_settles_what_another_claims_now_and_the_first_answer_stands(comparisons, pair, clock):
    first = comparisons.claim(pair)
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    second = comparisons.claim(pair)
    comparisons.settle(first, FOUND, 1000)
    later = comparisons.settle(second, Compared(None, (), Side.SOURCE), 0)
    assert FOUND == later.compared == comparisons.get(pair.comparison_id).compared


def test_what_has_expired_is_gone_for_every_reader_and_is_paid_for_anew(comparisons, pair, clock):
    comparisons.settle(comparisons.claim(pair), FOUND, 1000)
    clock.move(LASTS - timedelta(seconds=1))
    assert comparisons.get(pair.comparison_id)
    clock.move(timedelta(seconds=1))
    assert comparisons.get(pair.comparison_id) is None
    claimed = comparisons.claim(replace(pair, expires_at=clock() + LASTS))
    assert (Standing.CLAIMED, None) == (claimed.standing, claimed.compared)


def test_a_picture_is_forgotten_as_source_and_as_target_and_others_stay(comparisons, clock, request_of):
    until = clock() + LASTS
    pairs = [Pair("1" * 64, A, B, until), Pair("2" * 64, C, A, until), Pair("3" * 64, B, C, until)]
    for each in pairs:
        comparisons.settle(comparisons.claim(each), FOUND, 1000)
    asked = Pair("4" * 64, A, A, until)
    comparisons.ask(request_of(asked))
    assert 3 == comparisons.forget(A)
    assert [] == comparisons.of_picture(A)
    assert ["3" * 64] == comparisons.of_picture(B) == comparisons.of_picture()
    assert (None, None) == (comparisons.get("1" * 64), comparisons.request("4" * 64))
    assert 0 == comparisons.forget(A)


def test_an_answer_on_its_way_does_not_bring_back_what_is_forgotten(comparisons, pair):
    claimed = comparisons.claim(pair)
    comparisons.forget(B)
    assert FOUND == comparisons.settle(claimed, FOUND, 1000).compared
    comparisons.release(claimed)
    assert [] == comparisons.of_picture()


def test_an_expired_one_is_forgotten_too(comparisons, pair, clock):
    comparisons.settle(comparisons.claim(pair), FOUND, 1000)
    clock.move(LASTS)
    assert 1 == comparisons.forget(A)


def test_a_request_is_kept_once_and_counts_its_tries(comparisons, pair, request_of, clock):
    first = comparisons.ask(request_of(pair))
    clock.move(timedelta(minutes=1))
    comparisons.begin(pair.comparison_id)
    assert first.at == comparisons.ask(request_of(pair)).at
    begun = comparisons.begin(pair.comparison_id)
    assert (2, "ann", 's3://images/gate/it\'s "a".jpg') == (begun.tries, begun.by, begun.source)
    assert [begun] == comparisons.requests()
    comparisons.done(pair.comparison_id)
    assert (None, None, []) == (
        comparisons.request(pair.comparison_id),
        comparisons.begin(pair.comparison_id),
        comparisons.requests(),
    )


def test_a_try_that_waited_is_taken_back_and_there_are_never_less_than_none(comparisons, pair, request_of, clock):
    comparisons.wait(pair.comparison_id)
    comparisons.ask(request_of(pair))
    comparisons.begin(pair.comparison_id)
    clock.move(timedelta(minutes=1))
    begun_at = comparisons.begin(pair.comparison_id).begun_at
    assert clock() == begun_at
    comparisons.wait(pair.comparison_id)
    standing = comparisons.request(pair.comparison_id)
    assert (1, begun_at) == (standing.tries, standing.begun_at)
    for _ in range(2):
        comparisons.wait(pair.comparison_id)
    assert 0 == comparisons.request(pair.comparison_id).tries
    comparisons.fail(pair.comparison_id, "no picture")
    assert comparisons.ask(request_of(pair)).begun_at is None


def test_a_request_that_failed_says_why_and_is_asked_anew(comparisons, pair, request_of):
    comparisons.ask(request_of(pair))
    comparisons.fail(pair.comparison_id, "no picture")
    assert "no picture" == comparisons.request(pair.comparison_id).failure
    assert ([], None) == (comparisons.requests(), comparisons.begin(pair.comparison_id))
    assert comparisons.ask(request_of(pair)).failure is None
    assert 1 == len(comparisons.requests())


def test_what_was_never_asked_cannot_fail_and_a_request_expires(comparisons, pair, request_of, clock):
    comparisons.fail(pair.comparison_id, "no picture")
    comparisons.done(pair.comparison_id)
    comparisons.drop(pair.comparison_id)
    assert [] == comparisons.of_picture()
    comparisons.ask(request_of(pair))
    clock.move(LASTS)
    assert (None, []) == (comparisons.request(pair.comparison_id), comparisons.requests())
    assert comparisons.begin(pair.comparison_id) is None


def test_dynamodb_removes_it_by_itself(make_dynamo, row, clock):
    made = make_dynamo().comparisons
    pair = Pair("1" * 64, A, B, clock() + LASTS)
    made.settle(made.claim(pair), FOUND, 1000)
    assert str(int((clock() + LASTS).timestamp())) == row("comparison", pair.comparison_id)["expires_at"]["N"]
