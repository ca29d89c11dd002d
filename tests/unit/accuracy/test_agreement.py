import pytest

from accuracy.agreement import Agreement, cohens_kappa, double_reviews
from accuracy.verdicts import Answer, Source
from tests.unit.accuracy.worlds import verdict

YES, NO = Answer.PRESENT, Answer.ABSENT


def test_kappa_of_a_worked_example():
    pairs = [(YES, YES)] * 20 + [(YES, NO)] * 5 + [(NO, YES)] * 10 + [(NO, NO)] * 15
    agreement = cohens_kappa(pairs)
    assert agreement is not None
    assert (agreement.pairs, agreement.observed) == (50, 0.7)
    assert agreement.kappa == pytest.approx(0.4)
    assert agreement.error == pytest.approx((0.7 * 0.3 / 50) ** 0.5 / 0.5)


def test_perfect_agreement_is_1_and_what_chance_explains_is_undefined():
    both = cohens_kappa([(YES, YES), (NO, NO)])
    assert both == Agreement(2, 1.0, 1.0, 0.0)
    assert cohens_kappa([(YES, YES)] * 3) == Agreement(3, 1.0, None, None)
    assert cohens_kappa([]) is None


def test_pairs_are_of_one_image_and_different_reviewers():
    verdicts = [
        verdict("one", NO, reviewer="bob"),
        verdict("one", YES, reviewer="ann"),
        verdict("two", YES, reviewer="ann"),
        verdict("one", YES, Source.VOLUNTEERED, reviewer="cid"),
    ]
    assert double_reviews(verdicts) == [(YES, NO), (YES, YES), (NO, YES)]
