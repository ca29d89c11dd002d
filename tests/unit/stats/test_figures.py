import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.censoring import bracket
from sightline.stats.counts import Tally
from sightline.stats.figures import Figures, Interval, NotEstimable, estimate, rule_of_three
from sightline.stats.posterior import Evidence
from sightline.stats.strata import Stratum
from sightline.stats.windows import evidence_of
from tests.unit.stats.worlds import counts


@st.composite
def tallies(draw, least_decided=0):
    present, absent, unsure = draw(st.integers(0, 40)), draw(st.integers(least_decided, 40)), draw(st.integers(0, 3))
    return Tally(present + absent + unsure + draw(st.integers(0, 500)), present, absent, unsure)


def figures_of(a: Tally, b: Tally, c: Tally) -> Figures:
    return estimate(evidence_of([counts(a, b, c)]), "yard", "Person")


@given(tallies(), tallies(), tallies())
def test_intervals_lie_around_their_median_and_shares_inside_0_and_1(a, b, c):
    figures = figures_of(a, b, c)
    for figure in (figures.precision, figures.recall, figures.f1):
        assert isinstance(figure, NotEstimable) or 0 <= figure.low <= figure.median <= figure.high <= 1
    if isinstance(figures.missed, Interval):
        present, most = b.present + c.present, b.population + c.population - b.absent - c.absent
        assert present <= figures.missed.low <= figures.missed.median <= figures.missed.high <= most


@given(tallies(least_decided=1), tallies(least_decided=1), st.integers(1, 10_000))
def test_recall_is_never_estimated_without_reviewed_negatives(a, b, size):
    figures = figures_of(a, b, Tally(size))
    assert figures.recall == NotEstimable("no reviewed image in stratum C")
    assert figures.f1 == figures.recall
    assert isinstance(figures.precision, Interval)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 40))
def test_a_window_of_unsure_answers_alone_estimates_nothing(unsure, a, b):
    figures = figures_of(Tally(a, a), Tally(b, 0, b), Tally(unsure, unsure=unsure))
    assert isinstance(figures.recall, NotEstimable)


def test_missed_images_are_bounded_by_the_rule_of_three_where_a_stratum_has_no_verdict():
    unreviewed = figures_of(Tally(10, 5, 5), Tally(130, 0, 30), Tally(50))
    assert unreviewed.missed == NotEstimable("no reviewed image in stratum C", at_most=10.0 + 50.0)


EASY = counts(Tally(100, 38, 2), Tally(50, 1, 24), Tally(500, 0, 80), camera="easy")


def test_verdicts_on_one_camera_say_nothing_of_another_that_has_most_images():
    figures = estimate(evidence_of([EASY, counts(Tally(100), Tally(300), Tally(5000), camera="hard")]), "all")
    why = "no reviewed image of hard in stratum B and C, which has most of it"
    assert NotEstimable(why) == figures.recall == figures.f1
    assert isinstance(figures.missed, NotEstimable)
    assert figures.missed.at_most is not None
    assert figures.missed.at_most >= 5300


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_where_unreviewed_cameras_have_less_the_intervals_hold_whatever_they_may_show(share):
    quiet = counts(Tally(20), Tally(10), Tally(60), camera="quiet")
    figures = estimate(evidence_of([EASY, quiet]), "all")
    found, missed = 95 + 20 * share, 2 + 70 * (1 - share)
    for figure, truth in ((figures.recall, found / (found + missed)), (figures.precision, found / 120)):
        assert isinstance(figure, Interval)
        assert figure.low <= truth <= figure.high


def test_images_of_which_reviewers_are_unsure_may_be_either_for_precision_too():
    """Present in truth, and two of five present images were unsure."""
    figures = figures_of(Tally(200, 48, 20, 32), Tally(100, 5, 40, 3), Tally(1000, 0, 100))
    assert isinstance(figures.precision, Interval)
    assert (True, True) == (figures.precision.low < 0.5, figures.precision.high > 0.8)
    certain = figures_of(Tally(200, 48, 20), Tally(100, 5, 40), Tally(1000, 0, 100))
    assert isinstance(figures.recall, Interval)
    assert isinstance(certain.recall, Interval)
    assert figures.recall.low < certain.recall.low <= certain.recall.high < figures.recall.high


@pytest.mark.parametrize(
    ("unseen", "effective", "expected"), [(900, 100, 27.0), (900, 3, 900.0), (900, 0, 900.0), (0, 0, 0.0)]
)
def test_the_rule_of_three(unseen, effective, expected):
    assert expected == rule_of_three(unseen, effective)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_census_gives_the_exact_value_and_width_0(found, wrong, missed, absent):
    figures = figures_of(Tally(found + wrong, found, wrong), Tally(missed, missed), Tally(absent, 0, absent))
    recall, precision = found / (found + missed), found / (found + wrong)
    assert figures.recall == Interval(recall, recall, recall)
    assert figures.precision == Interval(precision, precision, precision)
    assert figures.missed == Interval(missed, missed, missed)
    f1 = 2 * found / (2 * found + wrong + missed)
    assert figures.f1 == Interval(f1, f1, f1)


def test_a_census_without_anything_present_has_no_recall():
    figures = figures_of(Tally(0), Tally(3, 0, 3), Tally(9, 0, 9))
    assert figures.recall == NotEstimable("nothing is present")
    assert figures.precision == NotEstimable("the detector found nothing")
    assert figures.missed == Interval(0, 0, 0)


def test_the_same_counts_and_names_give_the_same_bytes_and_other_names_other_draws():
    evidence = evidence_of([counts(Tally(100, 20, 5), Tally(100, 5, 20), Tally(1000, 1, 49))])
    assert repr(estimate(evidence, "yard", "7")) == repr(estimate(evidence, "yard", "7"))
    assert estimate(evidence, "yard", "7") != estimate(evidence, "dock", "7")


def test_the_figures_of_a_known_case_do_not_drift():
    figures = figures_of(Tally(160, 41, 7), Tally(220, 12, 36), Tally(2300, 1, 63))
    assert isinstance(figures.recall, Interval)
    assert figures.recall.low < 136 / (136 + 55 + 36) < figures.recall.high
    assert figures.recall.median == pytest.approx(136 / (136 + 55 + 36), abs=0.03)


def test_more_verdicts_narrow_the_interval_on_average():
    source = np.random.default_rng(5)
    population, present = np.array([160, 220, 2300]), np.array([136, 22, 12])
    widths = [
        np.mean([_width(population, present, np.array([n, n, 2 * n]), source) for _ in range(30)])
        for n in (15, 30, 60, 120)
    ]
    assert widths == sorted(widths, reverse=True)


def _width(population, present, decided, source) -> float:
    seen = source.hypergeometric(present, population - present, decided)
    tallies = [Tally(int(p), int(k), int(n - k)) for p, k, n in zip(population, seen, decided, strict=True)]
    recall = figures_of(*tallies).recall
    assert isinstance(recall, Interval)
    return recall.width


@given(st.integers(0, 200))
def test_what_the_cut_hides_opens_a_bracket_and_nothing_hidden_closes_it(unknown):
    evidence = evidence_of([counts(Tally(100, 40, 5), Tally(100, 5, 20), Tally(1000, 1, 49))])
    both = bracket(evidence, unknown, "yard")
    for worst, best in ((both.at_worst.recall, both.at_best.recall), (both.at_worst.f1, both.at_best.f1)):
        assert isinstance(worst, Interval)
        assert isinstance(best, Interval)
        assert worst.median <= best.median
    assert (both.at_worst == both.at_best) == (unknown == 0)
    assert both.at_worst.precision == both.at_best.precision
    assert isinstance(both.at_worst.missed, Interval)
    assert isinstance(both.at_best.missed, Interval)
    assert both.at_worst.missed.low == both.at_best.missed.low + unknown


def test_evidence_of_an_empty_stratum_is_known():
    assert Evidence(0, 0, 0, 0.0, 0.0).is_known
    assert evidence_of([])[Stratum.C].is_known


def test_where_nothing_was_found_or_seen_recall_is_not_said_to_be_0():
    figures = figures_of(Tally(0), Tally(0), Tally(8, absent=5))
    assert NotEstimable("no reviewed image shows the label") == figures.recall == figures.f1
    assert isinstance(figures.missed, Interval)
    assert NotEstimable("nothing is present") == figures_of(Tally(0), Tally(0), Tally(8, absent=8)).recall
