import pytest

from sightline.stats.curves import sweep
from sightline.stats.figures import Interval, NotEstimable, estimate
from sightline.stats.operating_points import operating_points
from sightline.stats.summary import summarise
from sightline.stats.verdicts import Answer
from sightline.stats.windows import evidence_of
from tests.unit.stats.test_curves import CANDIDATES, CENSUS, SAMPLE, THRESHOLDS, TRUTH, UNREVIEWED
from tests.unit.stats.worlds import reviewed, verdict


def truth_at(threshold: float) -> tuple[float, float]:
    """Return the true precision and recall of a threshold."""
    found = [TRUTH[c.image_id] is Answer.PRESENT for c in CANDIDATES if (c.confidence_percent or 0) >= threshold]
    present = sum(answer is Answer.PRESENT for answer in TRUTH.values())
    return sum(found) / len(found), sum(found) / present


def test_points_over_a_census_are_exact():
    for point in operating_points([CENSUS], THRESHOLDS, "yard"):
        precision, recall = truth_at(point.threshold_percent)
        assert point.precision == Interval(precision, precision, precision)
        assert point.recall == Interval(recall, recall, recall)


def test_points_over_a_sample_hold_the_truth():
    for point in operating_points([SAMPLE], THRESHOLDS, "yard"):
        for figure, true in zip((point.precision, point.recall), truth_at(point.threshold_percent), strict=True):
            assert isinstance(figure, Interval)
            assert figure.low <= true <= figure.high


def test_images_and_missed_are_those_of_the_sweep():
    points = operating_points([SAMPLE], THRESHOLDS, "yard")
    assert [(p.images, p.missed) for p in points] == [(p.images, p.missed) for p in sweep([SAMPLE], THRESHOLDS, "yard")]


def test_at_the_threshold_in_use_the_point_is_the_windows_estimate():
    (point,) = operating_points([SAMPLE], (50.0,), "yard")
    window = estimate(evidence_of([SAMPLE.counts]), "yard")
    for one, other in ((point.precision, window.precision), (point.recall, window.recall)):
        assert isinstance(one, Interval)
        assert isinstance(other, Interval)
        assert (one.low, one.median, one.high) == pytest.approx((other.low, other.median, other.high), abs=0.01)


def test_a_point_is_the_same_whatever_others_are_asked_for():
    (alone,) = operating_points([SAMPLE], (65.0,), "yard")
    assert alone == operating_points([SAMPLE], THRESHOLDS, "yard")[3]


def test_without_verdicts_a_point_says_what_is_missing():
    (point,) = operating_points([UNREVIEWED], (50.0,), "yard")
    assert point.precision == NotEstimable("no reviewed image in stratum A")
    assert point.recall == NotEstimable("no reviewed image in stratum B and C")


def test_above_all_confidences_nothing_is_found():
    low = [each for each in CANDIDATES if (each.confidence_percent or 0) < 60]
    cell = summarise(reviewed(low, [verdict(each.image_id, TRUTH[each.image_id]) for each in low]))
    (point,) = operating_points([cell], (80.0,), "yard")
    assert (point.images, point.precision) == (0, NotEstimable("no image is at or above it"))
    assert point.recall == Interval(0, 0, 0)
