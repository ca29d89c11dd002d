from sightline.stats.counts import Tally
from sightline.stats.drops import Change, recall_change
from sightline.stats.figures import NotEstimable
from sightline.stats.windows import evidence_of
from tests.unit.stats.worlds import counts

GOOD = evidence_of([counts(Tally(800, 190, 10), Tally(900, 10, 190), Tally(9000, 1, 399))])
BAD = evidence_of([counts(Tally(400, 90, 10), Tally(1300, 120, 80), Tally(9000, 8, 392))])


def test_a_lasting_loss_of_recall_is_a_drop_and_a_gain_is_none():
    down, up = recall_change(GOOD, BAD, "yard"), recall_change(BAD, GOOD, "yard")
    assert isinstance(down, Change)
    assert isinstance(up, Change)
    assert (down.is_drop, up.is_drop) == (True, False)
    assert down.difference.high < 0 < up.difference.low


def test_the_same_counts_twice_are_no_change():
    same = recall_change(GOOD, GOOD, "yard")
    assert isinstance(same, Change)
    assert same.difference.low < 0 < same.difference.high


def test_fewer_reviews_alone_are_no_drop():
    few = evidence_of([counts(Tally(800, 9, 1), Tally(900, 1, 9), Tally(9000, 0, 10))])
    change = recall_change(GOOD, few, "yard")
    assert isinstance(change, Change)
    assert not change.is_drop


def test_a_window_that_can_not_be_estimated_can_not_be_compared():
    unreviewed = evidence_of([counts(Tally(800, 9, 1), Tally(900, 1, 9), Tally(9000))])
    assert recall_change(GOOD, unreviewed, "yard") == NotEstimable("no reviewed image in stratum C")
    nothing = evidence_of([counts(Tally(0), Tally(2, 0, 2), Tally(9, 0, 9))])
    assert recall_change(nothing, GOOD, "yard") == NotEstimable("nothing is present in one of the windows")
