"""Charts: words that stand where the figures are do not lie over one another."""

from itertools import combinations

from sightline.accuracy_report.charts import reliability
from sightline.accuracy_report.drawing import Words
from sightline.stats.curves import CalibrationBin
from sightline.stats.figures import NotEstimable

NARROW = [(2, 120, 47.9), (0, 10, 50.2), (0, 1, 51.0), (0, 9, 69.5), (12, 3_456, 70.1), (9, 99, 99.5)]


def test_no_two_numbers_of_a_calibration_overlap():
    unknown = NotEstimable("no reviewed image in stratum A")
    bins = [CalibrationBin(10 * n, 10 * n + 10, of, there, mean, unknown) for n, (there, of, mean) in enumerate(NARROW)]
    words = [each for each in reliability(bins, "Person").shapes if isinstance(each, Words)]
    numbers = [each for each in words if "/" in each.text]
    assert [f"{there}/{of}" for there, of, _ in NARROW] == [each.text for each in numbers if each.anchor == "middle"]
    for one, other in combinations(numbers, 2):
        (_, right), (left, _) = sorted((ends_of(one), ends_of(other)))
        assert right <= left or abs(one.y - other.y) >= one.size, (one, other)


def ends_of(words):
    """Return where some words begin and end, in the wider of the usual fonts."""
    width = 6.4 * len(words.text)
    left = words.x - (width if words.anchor == "end" else width / 2)
    return left, left + width
