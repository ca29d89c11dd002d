from collections import Counter

from sightline.stats.advice import Measure
from sightline.stats.figures import Interval, estimate
from sightline.stats.queue import next_images
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.verdicts import Answer
from sightline.stats.windows import evidence_of
from tests.unit.stats.worlds import cell, reviewed, verdict, world


def test_the_queue_asks_in_the_fixed_order_of_each_stratum_and_for_negatives_too():
    candidates, _ = world()
    review = reviewed(candidates, [])
    asked = next_images([review], 40)
    assert len(asked) == 40
    for stratum in ESTIMATED:
        mine = [one.candidate for one in asked if one.candidate.stratum is stratum]
        assert mine == review.waiting[stratum][: len(mine)]
        assert len(mine) >= 5


def test_what_a_reviewer_skipped_is_asked_for_again():
    candidates, truth = world()
    first = [one.candidate.image_id for one in next_images([reviewed(candidates, [])], 30)]
    review = reviewed(candidates, [verdict(name, truth[name]) for name in first[1:]])
    assert first[0] in {one.candidate.image_id for one in next_images([review], 5)}


def test_images_whose_truth_nobody_can_know_are_not_asked_for():
    candidates, _ = world()
    asked = next_images([reviewed(candidates, [])], 1000)
    assert Stratum.D not in {one.candidate.stratum for one in asked}
    assert len({one.candidate.image_id for one in asked}) == len(asked)


def test_days_are_reviewed_in_proportion_to_their_images():
    small, large = world(1, 100)[0], world(2, 400)[0]
    asked = next_images([reviewed(small, [], cell(1)), reviewed(large, [], cell(2))], 100, Measure.RECALL)
    days = Counter(one.cell.day for one in asked)
    assert 12 <= days["2026-03-01"] <= 28


def test_the_queue_does_not_depend_on_the_order_of_its_cells():
    cells = [reviewed(world(day, 60)[0], [], cell(day)) for day in (1, 2, 3)]
    assert next_images(cells, 30) == next_images(cells[::-1], 30)


def test_following_the_queue_narrows_the_interval_and_ends_in_the_exact_value():
    candidates, truth = world(3, 200)
    known, widths = set[str](), []
    while asked := next_images([review := reviewed(candidates, [verdict(n, truth[n]) for n in known])], 40):
        recall = estimate(evidence_of([review.counts()]), "yard").recall
        widths += [recall.width] if isinstance(recall, Interval) else []
        known |= {one.candidate.image_id for one in asked}
    final = estimate(evidence_of([review.counts()]), "yard").recall
    present = [c.stratum is Stratum.A for c in candidates if truth[c.image_id].value == "present"]
    exact = sum(present) / len(present)
    assert final == Interval(exact, exact, exact)
    assert widths[-1] < widths[0] / 2


def test_where_recall_is_exact_the_queue_goes_on_with_precision_until_every_image_is_reviewed():
    candidates, _ = world(4, 60)
    nobody_missed = [
        verdict(c.image_id, Answer.PRESENT if c.stratum is Stratum.A else Answer.ABSENT) for c in candidates
    ]
    known = [each for each in nobody_missed if each.image_id not in _of_stratum(candidates, Stratum.A)]
    asked = {one.candidate.image_id for one in next_images([reviewed(candidates, known)], 1000)}
    assert _of_stratum(candidates, Stratum.A) == asked


def _of_stratum(candidates, stratum):
    return {candidate.image_id for candidate in candidates if candidate.stratum is stratum}
