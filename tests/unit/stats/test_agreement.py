from dataclasses import replace

import pytest

from sightline.stats.agreement import (
    Agreement,
    Disagreement,
    PairOfReviewers,
    by_pair,
    cohens_kappa,
    disagreements,
    double_reviews,
    with_detector,
)
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from tests.unit.stats.worlds import verdict

YES, NO = Answer.PRESENT, Answer.ABSENT


def test_kappa_of_a_worked_example():
    pairs = [(YES, YES)] * 20 + [(YES, NO)] * 5 + [(NO, YES)] * 10 + [(NO, NO)] * 15
    agreement = cohens_kappa(pairs)
    assert agreement is not None
    assert (agreement.pairs, agreement.observed) == (50, 0.7)
    assert agreement.kappa == pytest.approx(0.4)
    assert (agreement.low, agreement.high) == pytest.approx((0.12499, 0.61793), abs=1e-4)


def test_perfect_agreement_is_1_and_what_chance_explains_is_undefined():
    both = cohens_kappa([(YES, YES), (NO, NO)])
    assert both is not None
    assert (both.pairs, both.observed, both.kappa) == (2, 1.0, 1.0)
    assert cohens_kappa([(YES, YES)] * 3) == Agreement(3, 1.0, None, None, None)
    assert cohens_kappa([]) is None


@pytest.mark.parametrize(
    ("pairs", "kappa", "low", "high"),
    [
        # Wilson's interval of 3 in 3 is 0.4385 to 1, and chance is 5/9
        ([(YES, YES), (YES, YES), (NO, NO)], 1.0, (0.43850 - 5 / 9) / (4 / 9), 1.0),
        # that of 0 in 3 is 0 to 0.5615, and chance is 4/9
        ([(YES, NO), (YES, NO), (NO, YES)], -0.8, -0.8, (0.56150 - 4 / 9) / (5 / 9)),
        # that of 0 in 2 is 0 to 0.6576, and chance is 1/2
        ([(YES, NO), (NO, YES)], -1.0, -1.0, (0.65762 - 1 / 2) / (1 / 2)),
    ],
)
def test_a_few_pairs_that_all_agree_or_all_differ_make_nobody_certain(pairs, kappa, low, high):
    agreement = cohens_kappa(pairs)
    assert agreement is not None
    assert (agreement.kappa, agreement.low, agreement.high) == pytest.approx((kappa, low, high), abs=1e-4)


def test_pairs_are_of_one_image_and_different_reviewers():
    verdicts = [
        verdict("one", NO, reviewer="bob"),
        verdict("one", YES, reviewer="ann"),
        verdict("two", YES, reviewer="ann"),
        verdict("one", YES, Source.VOLUNTEERED, reviewer="cid"),
    ]
    assert double_reviews(verdicts) == [(YES, NO), (YES, YES), (NO, YES)]


def asked(name, answer, stratum, reviewer="ann"):
    return replace(verdict(name, answer, reviewer=reviewer), stratum=stratum)


def test_pairs_are_told_apart_by_who_gave_them_and_together_are_all():
    verdicts = [
        verdict("one", NO, reviewer="bob"),
        verdict("one", YES, reviewer="ann"),
        verdict("two", YES, reviewer="ann"),
        verdict("two", YES, reviewer="bob"),
        verdict("two", YES, reviewer="cid"),
        replace(verdict("two", NO, reviewer="dan"), content="other bytes"),
        replace(verdict("two", NO, reviewer="dan"), label="Dog"),
    ]
    pairs = by_pair(verdicts)
    assert pairs == [
        PairOfReviewers("Person", "ann", "bob", [(YES, NO), (YES, YES)]),
        PairOfReviewers("Person", "ann", "cid", [(YES, YES)]),
        PairOfReviewers("Person", "bob", "cid", [(YES, YES)]),
    ]
    assert sorted(double_reviews(verdicts)) == sorted(pair for each in pairs for pair in each.answers)


def test_the_detectors_answer_is_that_of_the_stratum_and_unsure_and_volunteered_answers_are_not_compared():
    verdicts = [
        asked("one", YES, Stratum.A),
        asked("two", NO, Stratum.A),
        asked("three", NO, Stratum.B),
        asked("four", NO, Stratum.C),
        asked("five", Answer.UNSURE, Stratum.C),
        asked("six", NO, Stratum.D),
        replace(asked("seven", NO, Stratum.A), source=Source.VOLUNTEERED),
        asked("one", Answer.UNSURE, Stratum.A, "bob"),
    ]
    ann, bob = with_detector(verdicts)
    assert (ann.reviewer, ann.decided, ann.equal, ann.unsure) == ("ann", 4, 3, 1)
    assert (ann.low, ann.high) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert (bob.reviewer, bob.decided, bob.unsure, bob.low, bob.high) == ("bob", 0, 1, None, None)


def test_disagreements_name_the_image_and_who_said_what():
    verdicts = [
        verdict("one", NO, reviewer="bob"),
        verdict("one", YES, reviewer="ann"),
        verdict("two", YES, reviewer="ann"),
        verdict("two", YES, reviewer="bob"),
    ]
    assert disagreements(verdicts) == [Disagreement("one", "Person", "bytes of one", {"bob": NO, "ann": YES})]
