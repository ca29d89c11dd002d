"""Reviewers who choose what they look at."""

from sightline.stats.counts import ReviewedCell
from sightline.stats.figures import Figures, Interval, estimate
from sightline.stats.sampling import Candidate, held_back, in_order
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.stats.windows import evidence_of
from tests.unit.stats.worlds import SALT, cell, reviewed, verdict, world


def figures(review: ReviewedCell) -> Figures:
    return estimate(evidence_of([review.counts()]), "yard")


def sampled(candidates: list[Candidate], truth: dict[str, Answer], count: int) -> list[Verdict]:
    """Answer the first `count` images of each stratum, as the queue asks."""
    return [
        verdict(c.image_id, truth[c.image_id])
        for stratum in Stratum
        for c in in_order(SALT, cell(), [c for c in candidates if c.stratum is stratum])[:count]
    ]


def test_volunteers_who_report_only_what_looks_wrong_do_not_move_the_estimate_at_all():
    candidates, truth = world()
    asked = sampled(candidates, truth, 30)
    wrong = [
        verdict(c.image_id, truth[c.image_id], Source.VOLUNTEERED, reviewer="eve")
        for c in candidates
        if (truth[c.image_id] is Answer.PRESENT) != (c.stratum is Stratum.A)
    ]
    assert len(wrong) > 20
    assert figures(reviewed(candidates, asked)) == figures(reviewed(candidates, [*asked, *wrong]))


def test_who_skips_the_hard_ones_moves_the_estimate_no_further_than_the_prefix_before_the_first():
    candidates, truth = world()
    hard = {c.image_id for c in candidates if c.stratum is not Stratum.A and truth[c.image_id] is Answer.PRESENT}
    skipping = reviewed(candidates, [verdict(n, a) for n, a in truth.items() if n not in hard])
    for stratum in (Stratum.B, Stratum.C):
        ordered = in_order(SALT, cell(), [c for c in candidates if c.stratum is stratum])
        first_hard = next(i for i, c in enumerate(ordered) if c.image_id in hard)
        tally = skipping.counts().tally(stratum)
        assert (tally.reviewed, tally.absent) == (first_hard, first_hard)


def test_what_a_skipper_left_out_is_named_as_waiting_and_holds_the_others_back():
    candidates, truth = world()
    ordered = in_order(SALT, cell(), [c for c in candidates if c.stratum is Stratum.B])
    skipped = ordered[3]
    answers = [verdict(c.image_id, truth[c.image_id]) for c in ordered[:20] if c is not skipped]
    review = reviewed(candidates, answers)
    assert review.waiting[Stratum.B] == [skipped, *ordered[20:]]
    assert held_back(ordered, {one.image_id: one.answer for one in answers}) == 16
    mended = reviewed(candidates, [*answers, verdict(skipped.image_id, truth[skipped.image_id])])
    assert (review.counts().tally(Stratum.B).reviewed, mended.counts().tally(Stratum.B).reviewed) == (3, 20)


def test_skipped_images_leave_the_truth_inside_the_interval():
    """The prefix that a skipper leaves ends before a hard image, so it is short and its interval wide."""
    inside = 0
    for seed in range(20):
        candidates, truth = world(seed)
        hard = [c.image_id for c in candidates if c.stratum is Stratum.B and truth[c.image_id] is Answer.PRESENT]
        answers = [verdict(n, a) for n, a in truth.items() if n not in hard[::4]]
        recall = figures(reviewed(candidates, answers)).recall
        inside += isinstance(recall, Interval) and recall.low <= _recall(candidates, truth) <= recall.high
    assert inside >= 17


def test_a_sample_of_the_queue_holds_the_truth():
    inside = 0
    for seed in range(20):
        candidates, truth = world(seed)
        recall = figures(reviewed(candidates, sampled(candidates, truth, 25))).recall
        inside += isinstance(recall, Interval) and recall.low <= _recall(candidates, truth) <= recall.high
    assert inside >= 17


def _recall(candidates: list[Candidate], truth: dict[str, Answer]) -> float:
    present = [c.stratum is Stratum.A for c in candidates if truth[c.image_id] is Answer.PRESENT]
    return sum(present) / len(present)
