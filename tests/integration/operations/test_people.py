"""Known people: nothing is kept of who leaves, one picture is of one person, and candidates expire."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sightline.errors import LeaseHeld
from sightline.models.answers import Box
from sightline.models.images import Lane
from sightline.models.people import Consent, DueSearch, EnrolmentState, Match, Person, Word
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

ANN = 'Ann O\'Neil "the ☂️"'
CONSENT = Consent(ANN, date(2026, 11, 1), date(2027, 11, 1), "open the gate", "c" * 64)
A, B = "a" * 64, "b" * 64


@pytest.fixture
def people(operations):
    return operations.people


@pytest.fixture
def ann(people):
    return people.add(Person(ANN, "1" * 32, CONSENT, datetime(2026, 11, 2, tzinfo=UTC)))


@pytest.fixture
def bob(people):
    return people.add(Person("Bob", "2" * 32, replace(CONSENT, person="Bob"), datetime(2026, 11, 2, tzinfo=UTC)))


@pytest.fixture
def match(ann, clock):
    box = Box(0.1, 0.2, 0.3, 0.4)
    return Match(
        "s3://a/1.jpg", ann.person_id, ANN, A, 99.25, box, clock(), clock().replace(microsecond=0) + timedelta(1)
    )


def indexed(people, person, content, face_id="f1"):
    claimed = people.claim(person, content, "a.jpg", "c1")
    assert people.settle(claimed, face_id)
    return claimed


def test_a_person_is_read_as_kept_and_a_name_that_looks_the_same_is_the_same(people, ann):
    assert ann == people.get(ANN) == people.get(f" {ANN.upper()} ")
    assert ann == people.add(replace(ann, person_id="9" * 32))
    assert (None, [ann]) == (people.get("Bob"), people.all())


def test_a_newer_consent_holds_from_when_it_was_kept(people, ann, clock):
    newer = replace(CONSENT, until=date(2028, 1, 1), sha256="d" * 64)
    assert people.renew(ann, newer)
    assert (newer, clock()) == (people.get(ANN).consent, people.get(ANN).consent_kept_at)


def test_a_picture_is_claimed_by_one_and_indexed_once(people, ann):
    claimed = people.claim(ann, A, "a.jpg", "c1")
    assert (1, EnrolmentState.CLAIMED) == (claimed.attempts, claimed.state)
    with pytest.raises(LeaseHeld):
        people.claim(ann, A, "a.jpg", "c1")
    assert people.settle(claimed, "f1")
    again = people.claim(ann, A, "a.jpg", "c1")
    assert (EnrolmentState.INDEXED, "f1") == (again.state, again.face_id)
    assert [again] == people.enrolments(ann.person_id) == people.enrolments()
    assert [] == people.enrolments("2" * 32)


def test_a_picture_of_one_person_is_not_another_persons(people, ann, bob):
    people.claim(ann, A, "a.jpg", "c1")
    assert ann.person_id == people.claim(bob, A, "a.jpg", "c1").person_id
    indexed(people, bob, B)
    assert bob.person_id == people.claim(ann, B, "b.jpg", "c1").person_id


def test_a_claim_that_sent_nothing_leaves_nothing_and_an_unknown_one_is_remembered(people, ann):
    people.release(people.claim(ann, A, "a.jpg", "c1"), is_unknown=False)
    assert [] == people.enrolments()
    people.release(people.claim(ann, A, "a.jpg", "c1"), is_unknown=True)
    assert [EnrolmentState.RELEASED] == [each.state for each in people.enrolments()]
    second = people.claim(ann, A, "a.jpg", "c1")
    assert 2 == second.attempts
    people.release(second, is_unknown=False)
    assert [EnrolmentState.RELEASED] == [each.state for each in people.enrolments()]


def test_the_claim_of_a_dead_process_is_taken_over_and_its_late_answer_refused(people, ann, clock):
    first = people.claim(ann, A, "a.jpg", "c1")
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER + timedelta(seconds=1))
    second = people.claim(ann, A, "a.jpg", "c1")
    assert 2 == second.attempts
    assert not people.settle(first, "f1")
    people.release(first, is_unknown=True)
    assert people.settle(second, "f2")


def test_an_enrolment_moves_to_another_collection(people, ann):
    indexed(people, ann, A)
    moved = people.claim(ann, A, "a.jpg", "c2")
    assert ("c2", EnrolmentState.CLAIMED) == (moved.collection, moved.state)


def test_nothing_is_kept_of_who_leaves(people, ann, match):
    claimed = people.claim(ann, A, "a.jpg", "c1")
    people.leave(ann)
    assert people.get(ANN).is_leaving
    assert not people.settle(claimed, "f1")
    assert people.claim(ann, B, "b.jpg", "c1") is None
    assert not people.keep(match)
    assert not people.renew(ann, CONSENT)
    people.remove_enrolment(A)
    people.release(claimed, is_unknown=True)
    assert ([], []) == (people.enrolments(), people.matches())
    people.remove(ann)
    assert people.get(ANN) is None
    assert not people.keep(match)


def test_only_who_leaves_is_removed_and_not_somebody_new_of_the_same_name(people, ann):
    people.remove(ann)
    people.leave(replace(ann, person_id="9" * 32))
    assert ann == people.get(ANN)
    people.leave(ann)
    people.remove(replace(ann, person_id="9" * 32))
    assert people.get(ANN)


def test_a_candidate_is_kept_once_and_keeps_the_reviewers_word(people, match):
    assert people.keep(match)
    assert people.say(match, Word.DENIED, "rita")
    assert people.keep(replace(match, similarity=99.5))
    expected = replace(match, similarity=99.5, word=Word.DENIED, by="rita", said_at=people.matches()[0].said_at)
    assert [expected] == people.matches()
    assert [expected] == people.matches(person_id=match.person_id, image_id=match.image_id, content=match.content)
    assert [] == people.matches(image_id="s3://a/2.jpg") + people.matches(content=B) + people.matches(person_id="x")


def test_candidates_of_one_person_are_dropped_and_of_others_stay(people, match, bob):
    other = replace(match, person_id=bob.person_id, name="Bob")
    assert people.keep(match)
    assert people.keep(other)
    assert 1 == people.drop_matches(match.person_id)
    assert [other] == people.matches()
    assert not people.say(match, Word.CONFIRMED, "rita")


def test_candidates_that_wait_come_by_id_page_after_page_without_those_that_were_answered(people, match, clock):
    found = [replace(match, image_id=f"s3://a/{number}.jpg") for number in range(4)]
    for each in found:
        people.keep(each)
    by_id = sorted(found, key=lambda each: each.candidate_id)
    assert by_id == people.waiting(None, 9)
    assert by_id[:2] == people.waiting(None, 2)
    assert people.say(by_id[1], Word.CONFIRMED, "rita")
    assert [by_id[2]] == people.waiting(by_id[0].candidate_id, 1)
    assert [by_id[2], by_id[3]] == people.waiting(by_id[1].candidate_id, 9)
    assert ([], [by_id[0]]) == (people.waiting(by_id[3].candidate_id, 9), people.waiting(None, 1))
    clock.move(timedelta(days=2))
    assert [] == people.waiting(None, 9)


def test_one_candidate_is_read_by_its_id_with_when_a_reviewer_said_what(people, match, clock):
    people.keep(match)
    assert match == people.candidate(match.candidate_id)
    assert people.candidate(f"{'0' * 64}-{match.person_id}") is None
    assert people.say(match, Word.DENIED, "rita")
    (said,) = people.said_by("rita")
    assert (said, clock()) == (people.candidate(match.candidate_id), said.said_at)
    assert [] == people.said_by("bob")
    clock.move(timedelta(days=2))
    assert (None, []) == (people.candidate(match.candidate_id), people.said_by("rita"))


def test_a_candidate_expires_and_is_still_dropped(people, match, clock):
    people.keep(match)
    clock.move(timedelta(days=2))
    assert [] == people.matches()
    assert 1 == people.drop_matches(match.person_id)


def test_due_images_come_live_first_and_count_the_tries_that_did_not_end(people, clock):
    until = clock() + timedelta(days=1)
    for number, lane in enumerate([Lane.BACKFILL, Lane.LIVE, Lane.LIVE]):
        people.note_due(DueSearch(f"s3://a/{number}.jpg", lane, clock()), until)
        clock.move(timedelta(seconds=1))
    *live, last = people.due(10)
    assert {"s3://a/1.jpg", "s3://a/2.jpg"} == {each.image_id for each in live}
    assert "s3://a/0.jpg" == last.image_id
    first = live[0]
    assert 1 == people.begin(first).tries
    people.note_due(first, until)
    assert 2 == people.begin(first).tries
    people.leave_due(first)
    assert 1 == people.begin(first).tries
    people.done(first)
    people.leave_due(first)
    assert people.begin(first) is None
    assert live[1:] == people.due(1)
    clock.move(timedelta(days=2))
    assert [] == people.due(10)
