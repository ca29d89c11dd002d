"""Charts: words that stand where the figures are do not lie over one another."""

from itertools import combinations

from sightline.accuracy_report.charts import reliability
from sightline.accuracy_report.drawing import Link, Words
from sightline.stats.curves import CalibrationBin
from sightline.stats.figures import NotEstimable
from sightline.web.pattern_charts import TALL, WIDE, heat_map

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


def test_a_narrow_screen_has_a_map_whose_cells_lead_where_those_of_the_wide_one_do():
    cells = {(1, 0): 3, (7, 23): 12_345, (3, 12): 6_000, (3, 13): 1}
    wide, tall = (heat_map(cells, "Person", lambda cell: f"/search?at={cell}", layout) for layout in (WIDE, TALL))
    links = [{(each.address, each.says) for each in one.shapes if isinstance(each, Link)} for one in (wide, tall)]
    assert links[0] == links[1]
    assert len(cells) == len(links[0])
    sums = [sorted(each.text for each in one.shapes if isinstance(each, Words)) for one in (wide, tall)]
    assert {"sum", "18,349"} <= {*sums[0]} & {*sums[1]}
    assert 360 - 2 * 16 >= 11 / 12 * tall.width, "words of 12 pixels are 11 or more on a screen of 360"
    assert all(0 <= each.x <= one.width for one in (wide, tall) for each in one.shapes if isinstance(each, Words))
