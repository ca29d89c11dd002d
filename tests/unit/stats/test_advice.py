from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.advice import Advice, Measure, advise, expected_half_width, expected_variance, next_strata
from sightline.stats.counts import Tally
from sightline.stats.figures import Interval, estimate
from sightline.stats.posterior import JEFFREYS, Evidence
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.windows import evidence_of, stratum_evidence
from tests.unit.stats.worlds import cell, counts

A, B, C = ESTIMATED


def day(a: Tally, b: Tally, c: Tally) -> dict[Stratum, Evidence]:
    return evidence_of([counts(a, b, c)])


KNOWN = day(Tally(160, 26, 4), Tally(220, 5, 25), Tally(2300, 1, 39))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 200), st.integers(0, 199), st.sampled_from(ESTIMATED))
def test_more_verdicts_never_widen_the_expected_interval(present, absent, unseen, more, stratum):
    evidence = {**KNOWN, stratum: stratum_evidence([(cell(), Tally(present + absent + unseen, present, absent))])}
    for measure in Measure:
        now = expected_half_width(evidence, measure, {stratum: min(more, unseen - 1)})
        then = expected_half_width(evidence, measure, {stratum: min(more, unseen - 1) + 1})
        assert then <= now + 1e-9


@given(st.integers(0, 10), st.integers(0, 10), st.integers(2, 60))
def test_the_forecast_is_the_mean_over_what_the_next_verdict_may_say(present, absent, unseen):
    def variance(k: int, m: int) -> float:
        return expected_variance(stratum_evidence([(cell(), Tally(present + absent + unseen, k, m))]), 0)

    chance = (present + JEFFREYS) / (present + absent + 2 * JEFFREYS)
    expected = chance * variance(present + 1, absent) + (1 - chance) * variance(present, absent + 1)
    now = stratum_evidence([(cell(), Tally(present + absent + unseen, present, absent))])
    assert expected_variance(now, 1) == pytest.approx(expected)


def test_a_census_leaves_no_width():
    census = day(Tally(20, 18, 2), Tally(30, 3, 27), Tally(40, 1, 39))
    assert [expected_half_width(census, measure, {}) for measure in Measure] == [0.0] * 4
    assert list(next_strata(census, Measure.RECALL)) == []


def test_the_first_verdicts_go_to_every_stratum():
    nothing_yet = day(Tally(160), Tally(220), Tally(2300))
    first = list(islice(next_strata(nothing_yet, Measure.RECALL), 15))
    assert {stratum: first.count(stratum) for stratum in ESTIMATED} == {A: 5, B: 5, C: 5}


def test_negatives_are_asked_for_where_the_detector_found_nothing():
    blind = day(Tally(0), Tally(20, 5, 5), Tally(500, 1, 20))
    assert Counter(next_strata(blind, Measure.RECALL)) == {B: 10, C: 479}


def test_precision_asks_for_positives_and_missed_images_for_negatives():
    assert set(islice(next_strata(KNOWN, Measure.PRECISION), 40)) == {A}
    assert A not in set(islice(next_strata(KNOWN, Measure.MISSED), 40))


def test_advice_is_the_shortest_list_that_reaches_the_target():
    advice = advise(KNOWN, Measure.RECALL, 0.15)
    assert (
        advice.half_width <= 0.15 < expected_half_width(KNOWN, Measure.RECALL, {**advice.more, C: advice.more[C] - 1})
    )
    assert advice.half_width == expected_half_width(KNOWN, Measure.RECALL, advice.more)


def test_a_target_out_of_reach_ends_with_a_census():
    small = day(Tally(6, 1, 1), Tally(7, 1, 1), Tally(8, 1, 1))
    assert advise(small, Measure.RECALL, -1) == Advice(Measure.RECALL, {A: 4, B: 5, C: 6}, 0.0)


def test_the_forecast_is_near_the_interval_that_is_computed():
    evidence = day(Tally(160, 102, 18), Tally(220, 30, 90), Tally(2300, 12, 888))
    recall = estimate(evidence, "yard").recall
    assert isinstance(recall, Interval)
    assert recall.width / 2 == pytest.approx(expected_half_width(evidence, Measure.RECALL, {}), rel=0.15)


@pytest.mark.parametrize(
    ("measure", "more", "half_width", "expected"),
    [
        (
            Measure.RECALL,
            {A: 0, B: 0, C: 12},
            0.05,
            "12 more reviews (12 in stratum C) narrow the interval of recall to ± 5 points",
        ),
        (
            Measure.MISSED,
            {A: 0, B: 3, C: 9},
            20.4,
            "12 more reviews (3 in stratum B and 9 in stratum C) narrow the interval of missed to ± 20 images",
        ),
        (
            Measure.RECALL,
            {A: 1},
            0.004,
            "1 more review (1 in stratum A) narrows the interval of recall to ± 0.4 points",
        ),
        (Measure.F1, {}, 0.004, "no more reviews are needed: the interval of f1 is ± 0.4 points"),
    ],
)
def test_advice_can_be_read_aloud(measure, more, half_width, expected):
    assert expected == Advice(measure, more, half_width).sentence()


def test_cameras_without_a_verdict_need_some_before_the_target_is_reached():
    easy = counts(Tally(100, 95, 5), Tally(50, 1, 49), Tally(500, 0, 500), camera="easy")
    assert 0 == sum(advise(evidence_of([easy]), Measure.RECALL, 0.05).more.values())
    blind = [counts(Tally(9), Tally(9), Tally(3), camera=name) for name in ("gate", "roof")]
    more = advise(evidence_of([easy, *blind]), Measure.RECALL, 0.05).more
    assert (10, 10, 6) == tuple(more[stratum] for stratum in ESTIMATED)
