from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.sampling import (
    by_stratum,
    counting_answers,
    held_back,
    in_order,
    order_key,
    reviewed_prefix,
    waiting,
)
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from tests.unit.stats.worlds import NOON, SALT, cell, reviewed, verdict, world


@given(st.randoms(use_true_random=False))
def test_the_order_of_a_day_does_not_depend_on_the_order_of_arrival(shuffler: Random):
    candidates, _ = world(size=40)
    arrived = list(candidates)
    shuffler.shuffle(arrived)
    assert in_order(SALT, cell(), candidates) == in_order(SALT, cell(), arrived)


def test_the_order_is_the_documented_hash():
    expected = "cefaf217a7a6558ae3d28857c4635b1db2af4f7629ef5b1176c1a721b80b70cc"
    assert expected == order_key(SALT, cell(), "s3://bucket/one.jpg")
    keys = {
        order_key("salt", cell(), "s3://bucket/one.jpg"),
        order_key("other", cell(), "s3://bucket/one.jpg"),
        order_key("salt", cell(2), "s3://bucket/one.jpg"),
        order_key("salt", cell(1, "dock"), "s3://bucket/one.jpg"),
        order_key("salt", replace(cell(), label="Car"), "s3://bucket/one.jpg"),
        order_key("salt", cell(), "s3://bucket/two.jpg"),
    }
    assert len(keys) == 6


@given(st.integers(0, 1000))
def test_the_strata_partition_the_population(seed):
    candidates, _ = world(seed, size=50)
    parts = by_stratum(candidates)
    assert sorted(c.image_id for c in candidates) == sorted(c.image_id for part in parts.values() for c in part)


def test_the_prefix_ends_at_the_first_image_without_an_answer():
    candidates, truth = world(size=10)
    ordered = in_order(SALT, cell(), candidates)
    answers = {c.image_id: truth[c.image_id] for c in [*ordered[:4], *ordered[5:8]]}
    assert ordered[:4] == [one.candidate for one in reviewed_prefix(ordered, answers)]
    assert [ordered[4], *ordered[8:]] == waiting(ordered, answers)
    assert held_back(ordered, answers) == 3


def test_a_late_image_early_in_the_order_holds_the_prefix_until_it_is_reviewed():
    candidates, truth = world(size=10)
    ordered = in_order(SALT, cell(), candidates)
    late = ordered[2]
    answers = {c.image_id: truth[c.image_id] for c in ordered[:6] if c is not late}
    without = in_order(SALT, cell(), [c for c in candidates if c is not late])
    assert len(reviewed_prefix(without, answers)) == 5
    assert len(reviewed_prefix(ordered, answers)) == 2


def test_unsure_counts_as_reviewed_and_is_counted_apart():
    candidates, truth = world()
    first = in_order(SALT, cell(), by_stratum(candidates)[Stratum.B])[0]
    verdicts = [verdict(name, Answer.UNSURE if name == first.image_id else answer) for name, answer in truth.items()]
    tally = reviewed(candidates, verdicts).counts().tally(Stratum.B)
    assert (tally.unsure, tally.reviewed, tally.unseen) == (1, tally.population, 1)


def test_a_verdict_counts_only_while_the_row_shows_the_bytes_it_was_given_for():
    candidates, _ = world(size=3)
    given_for = verdict(candidates[0].image_id, Answer.PRESENT)
    assert counting_answers(candidates, "Person", [given_for]) == {candidates[0].image_id: Answer.PRESENT}
    overwritten = [replace(candidates[0], content="other bytes"), *candidates[1:]]
    assert counting_answers(overwritten, "Person", [given_for]) == {}
    assert counting_answers(candidates, "Car", [given_for]) == {}


def test_volunteered_verdicts_never_count():
    candidates, truth = world()
    volunteered = [verdict(name, answer, Source.VOLUNTEERED) for name, answer in truth.items()]
    assert counting_answers(candidates, "Person", volunteered) == {}


P, A, U = Answer.PRESENT, Answer.ABSENT, Answer.UNSURE


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ([P], P),
        ([P, P], P),
        ([P, A], P),
        ([A, P], A),
        ([P, U], P),
        ([U, P], U),
        ([P, A, A], A),
        ([A, P, A], A),
        ([P, A, U], P),
        ([U, P, P], P),
        ([U, P, A], U),
        ([P, A, A, P], P),
    ],
)
@pytest.mark.parametrize("later", [Source.SAMPLED, Source.SECOND])
def test_the_first_answer_stands_until_a_third_reviewer_decides(given: list[Answer], settled: Answer, later: Source):
    candidates, _ = world(size=1)
    name = candidates[0].image_id
    verdicts = [
        replace(
            verdict(name, answer, later if number else Source.SAMPLED, reviewer=f"{9 - number}"),
            at=NOON + timedelta(minutes=number),
        )
        for number, answer in enumerate(given)
    ]
    assert counting_answers(candidates, "Person", verdicts) == {name: settled}
    assert counting_answers(candidates, "Person", verdicts[::-1]) == {name: settled}


def test_a_second_look_alone_is_no_answer():
    candidates, _ = world(size=1)
    assert counting_answers(candidates, "Person", [verdict(candidates[0].image_id, P, Source.SECOND)]) == {}
