import pytest

from sightline.stats.curves import by_hour, calibration, sweep
from sightline.stats.figures import Interval, NotEstimable
from sightline.stats.sampling import in_order
from sightline.stats.strata import Stratum
from sightline.stats.summary import summarise
from sightline.stats.verdicts import Answer
from tests.unit.stats.worlds import SALT, cell, reviewed, verdict, world

THRESHOLDS = (20.0, 35.0, 50.0, 65.0, 80.0)
CANDIDATES, TRUTH = world(4, 600)
CENSUS = summarise(reviewed(CANDIDATES, [verdict(name, answer) for name, answer in TRUTH.items()]))
SAMPLE = summarise(
    reviewed(
        CANDIDATES,
        [
            verdict(c.image_id, TRUTH[c.image_id])
            for stratum in Stratum
            for c in in_order(SALT, cell(), [c for c in CANDIDATES if c.stratum is stratum])[:60]
        ],
    )
)
UNREVIEWED = summarise(reviewed(CANDIDATES, []))


def truly_missed(threshold: float) -> int:
    below = [c for c in CANDIDATES if (c.confidence_percent or 0) < threshold]
    return sum(TRUTH[c.image_id] is Answer.PRESENT for c in below)


def test_a_sweep_over_a_census_is_exact():
    points = sweep([CENSUS], THRESHOLDS, "yard")
    assert [p.threshold_percent for p in points] == list(THRESHOLDS)
    for point in points:
        expected = truly_missed(point.threshold_percent)
        assert point.missed == Interval(expected, expected, expected)
        assert point.images == sum((c.confidence_percent or 0) >= point.threshold_percent for c in CANDIDATES)


def test_a_sweep_over_a_sample_trades_images_for_misses_and_holds_the_truth():
    points = sweep([SAMPLE], THRESHOLDS, "yard")
    assert [p.images for p in points] == sorted((p.images for p in points), reverse=True)
    for point in points:
        assert isinstance(point.missed, Interval)
        assert point.missed.low <= truly_missed(point.threshold_percent) <= point.missed.high


def test_a_sweep_without_verdicts_says_so():
    points = sweep([UNREVIEWED], (50.0,), "yard")
    assert points[0].missed == NotEstimable("no reviewed image in stratum B and C")


def test_a_sweep_adds_up_days_whatever_bands_they_have():
    first = CANDIDATES[0].image_id
    other = summarise(reviewed(CANDIDATES[:1], [verdict(first, TRUTH[first])], cell(2)))
    single, both = sweep([CENSUS], THRESHOLDS, "yard"), sweep([CENSUS, other], THRESHOLDS, "yard")
    confidence = CANDIDATES[0].confidence_percent or 0
    for one, two in zip(single, both, strict=True):
        assert two.images - one.images == (confidence >= one.threshold_percent)


def test_calibration_compares_confidence_with_truth_and_says_how_many():
    bins = calibration([CENSUS], "yard")
    assert sum(b.images for b in bins) == sum(c.confidence_percent is not None for c in CANDIDATES)
    for part in bins:
        inside = [c for c in CANDIDATES if part.low_percent <= (c.confidence_percent or -1) < part.high_percent]
        share = sum(TRUTH[c.image_id] is Answer.PRESENT for c in inside) / len(inside)
        assert part.share == Interval(share, share, share)
        assert (part.images, part.decided) == (len(inside), len(inside))
        assert part.low_percent <= part.mean_percent <= part.high_percent


def test_a_bin_without_verdicts_has_no_share():
    bins = calibration([UNREVIEWED], "yard")
    assert all(isinstance(part.share, NotEstimable) and part.decided == 0 for part in bins)


def test_each_hour_has_its_own_figures():
    hours = by_hour([CENSUS], "yard")
    assert [one.hour for one in hours] == list(range(24))
    assert sum(one.images for one in hours) == len(CANDIDATES)
    present = [c for c in CANDIDATES if c.hour == 7 and TRUTH[c.image_id] is Answer.PRESENT]
    exact = sum(c.stratum is Stratum.A for c in present) / len(present)
    assert hours[7].figures.recall == Interval(exact, exact, exact)
    assert hours[7].decided == hours[7].images == 25


def test_a_threshold_within_a_band_is_refused():
    with pytest.raises(ValueError, match="multiple of 5"):
        sweep([CENSUS], (52.0,), "yard")


def test_a_summary_holds_every_image_once():
    for parts in (CENSUS.hours, CENSUS.bands):
        assert {stratum: sum(part.tally(stratum).population for part in parts.values()) for stratum in Stratum} == {
            stratum: CENSUS.counts.tally(stratum).population for stratum in Stratum
        }
