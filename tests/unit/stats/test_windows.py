from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.counts import Tally
from sightline.stats.windows import MAXIMUM_SHARE, days_of, stratum_evidence
from tests.unit.stats.worlds import cell


@st.composite
def cells(draw):
    made = []
    for day in range(1, draw(st.integers(1, 12)) + 1):
        present, absent = draw(st.integers(0, 8)), draw(st.integers(0, 8))
        made.append((cell(day), Tally(present + absent + draw(st.integers(0, 300)), present, absent)))
    return made


def test_a_window_ends_with_its_day():
    assert days_of("2026-03-01", 1) == ["2026-03-01"]
    assert days_of("2026-03-02", 7) == [f"2026-02-{d}" for d in range(24, 29)] + ["2026-03-01", "2026-03-02"]


def test_one_cell_is_its_plain_counts():
    evidence = stratum_evidence([(cell(), Tally(100, 3, 7, 2))])
    assert (evidence.population, evidence.present, evidence.unseen) == (100, 3, 90)
    assert (evidence.rate, evidence.effective) == (pytest.approx(0.3), pytest.approx(10))


def test_each_day_speaks_for_its_unseen_images_however_deep_it_was_reviewed():
    busy, quiet = Tally(1000, 80, 20), Tally(1000, 5, 45)
    evidence = stratum_evidence([(cell(1), busy), (cell(2), quiet)])
    assert evidence.rate == pytest.approx((900 * 0.8 + 950 * 0.1) / 1850)
    assert evidence.effective == pytest.approx(1850**2 / (900**2 / 100 + 950**2 / 50))


def test_a_day_without_verdicts_joins_the_nearest_day_of_its_camera():
    days = [(cell(1), Tally(100, 10, 0)), (cell(9), Tally(100, 0, 10)), (cell(7), Tally(200))]
    other = (cell(7, "dock"), Tally(100, 10, 0))
    evidence = stratum_evidence([*days, other])
    near = 290 * 0.0
    assert evidence.rate == pytest.approx((90 * 1.0 + near + 90 * 1.0) / 470)


def test_no_verdict_speaks_for_the_images_of_another_camera():
    evidence = stratum_evidence([(cell(1, "dock"), Tally(100, 5, 5)), (cell(1), Tally(100))])
    assert (evidence.rate, evidence.effective) == (pytest.approx(0.5), pytest.approx(10))
    assert (100, ("yard",)) == (evidence.unreviewed, evidence.unreviewed_cameras)
    assert (5, 90) == (evidence.least.present, evidence.least.unseen)
    assert (105, 90) == (evidence.most.present, evidence.most.unseen)


def test_one_verdict_on_another_camera_does_not_make_it_join():
    alone = stratum_evidence([(cell(1, "dock"), Tally(100, 50, 0)), (cell(1), Tally(5000, 0, 1))])
    assert alone.effective == pytest.approx(1, abs=0.1)


def test_the_ends_surround_the_evidence_even_if_the_unsure_would_make_a_thin_day_stand_alone():
    made = [(cell(1), Tally(7, 0, 6, 1)), (cell(2), Tally(10, 1, 0, 1))]
    evidence = stratum_evidence(made)
    least, between, most = (e.present + e.rate * e.unseen for e in (evidence.least, evidence, evidence.most))
    assert least < between < most


@given(cells(), st.integers(0, 5))
def test_the_ends_surround_the_evidence(made, unsure):
    made = [(c, Tally(t.population + unsure, t.present, t.absent, unsure)) for c, t in made]
    evidence = stratum_evidence(made)
    expected = [(e.present + e.rate * e.unseen) for e in (evidence.least, evidence, evidence.most)]
    assert expected == pytest.approx(sorted(expected)) or not evidence.is_known
    assert (evidence.ends is not None) == (evidence.is_known and (unsure > 0 or evidence.unreviewed > 0))


def test_without_any_verdict_nothing_is_known():
    evidence = stratum_evidence([(cell(1), Tally(100)), (cell(2), Tally(50, unsure=3))])
    assert (evidence.is_known, evidence.unseen) == (False, 150)


def test_one_late_verdict_on_another_day_does_not_undo_a_hundred():
    before = stratum_evidence([(cell(1), Tally(1000, 50, 50)), (cell(2), Tally(1000))])
    after = stratum_evidence([(cell(1), Tally(1000, 50, 50)), (cell(2), Tally(1000, 1, 0))])
    assert after.effective == pytest.approx(before.effective + 1)


@given(cells(), st.randoms(use_true_random=False))
def test_the_order_of_cells_changes_nothing(made, shuffler: Random):
    shuffled = list(made)
    shuffler.shuffle(shuffled)
    assert stratum_evidence(made) == stratum_evidence(shuffled)


@given(cells())
def test_verdicts_are_never_worth_more_than_they_are(made):
    evidence = stratum_evidence(made)
    decided = sum(tally.decided for _, tally in made)
    assert evidence.effective <= decided + 1e-9
    assert 0 <= evidence.rate <= 1
    assert evidence.is_known == (decided > 0 or evidence.unseen == 0)


@given(cells())
def test_a_verdict_never_costs_more_than_the_bound_allows(made):
    """The effective count is at least that of a sample in which no verdict weighs over MAXIMUM_SHARE average ones."""
    evidence = stratum_evidence([(c, Tally(t.population + 1000, t.present, t.absent)) for c, t in made])
    decided = sum(tally.decided for _, tally in made)
    assert evidence.effective >= decided / (MAXIMUM_SHARE * 1.2) - 1e-9
