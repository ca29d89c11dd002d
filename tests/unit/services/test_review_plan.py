"""The plan of the review: made after the rollup, kept, and checked when it is asked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.models.images import Rejection, State
from sightline.services.collaborators import Services
from sightline.services.review import ToReview, ask_next, progress_of, read_cells, scope_of
from sightline.services.review_plan import (
    LONGEST_BYTES,
    ReviewPlan,
    ask_planned,
    fitting,
    keep_plan,
    progress_of_plan,
    read_plan,
)
from sightline.services.review_planning import FEWEST, KEPT, plan_review
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.queue import Request
from sightline.stats.sampling import Candidate, Cell
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from sightline.stats.windows import days_of
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

DAYS = days_of(LAST_DAY, 3)


@pytest.fixture
def yard() -> Yard:
    """Give a yard with three days of two cameras, which are rolled up."""
    yard = Yard()
    for day in DAYS:
        yard.images_of_a_day(20, day)
        yard.images_of_a_day(8, day, camera="gate")
    yard.roll_up()
    return yard


def run(yard: Yard) -> dict[str, object]:
    return dict(plan_review(yard.services, lambda: True))


def plan_of(yard: Yard, window_days: int = 28, services: Services | None = None) -> ReviewPlan:
    services = services or yard.services
    plan = read_plan(services.accuracy.rules[0], window_days, services)
    assert plan is not None
    return plan


def uris(asked: list[ToReview]) -> list[str]:
    return [each.request.candidate.image_id for each in asked]


def planned(yard: Yard, count: int) -> list[str]:
    return uris(ask_planned(plan_of(yard), count, yard.services))


def give(yard: Yard, uri: str) -> None:
    said = Said(uri, "Person", "ann", truth(uri), yard.clock.now, source=Source.SAMPLED)
    assert yard.verdicts.write(verdict_of(said, judge_of(yard.services)))


def roll_up_again(yard: Yard) -> None:
    yard.clock.move(timedelta(minutes=1))
    yard.roll_up()


@pytest.mark.parametrize("window_days", [1, 28])
def test_a_plan_asks_what_would_be_asked_without_one_and_remembers_it(yard, window_days):
    assert {"made": 3, "plans": 3, "days": 6} == run(yard)
    cells = read_cells(scope_of("Person", None, LAST_DAY, window_days, yard.operations), yard.services)
    expected = ask_next(cells, 15, yard.services)
    yard.verdicts = yard.verdicts.__class__(yard.operations.dirty_days)
    yard.services = replace(yard.services, verdicts=yard.verdicts)
    asked = ask_planned(plan_of(yard, window_days), 15, yard.services)
    assert expected == asked
    assert set(uris(asked)) == set(yard.verdicts.asked_many(yard.uris(), "Person"))


def test_answers_to_a_plan_leave_no_gap(yard):
    run(yard)
    for uri in planned(yard, 30):
        give(yard, uri)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 28, yard.operations), yard.services)
    progress = progress_of(cells, 5.0)
    assert (30, 0) == (progress.reviewed, progress.held_back)


def test_what_was_answered_meanwhile_is_left_out(yard):
    run(yard)
    first = planned(yard, 10)
    assert first == planned(yard, 10)
    for uri in first[:4]:
        give(yard, uri)
    assert first[4:] == planned(yard, 10)[:6]
    yard.say(first[4], Answer.PRESENT, Source.VOLUNTEERED)
    assert first[4:] == planned(yard, 10)[:6]


def test_images_that_were_overwritten_or_are_gone_or_moved_are_left_out(yard):
    run(yard)
    overwritten, moved, gone, *others = planned(yard, 9)
    camera, day, number = overwritten.removesuffix(".jpg").rsplit("/", 3)[1:]
    yard.image(int(number), {"Cat": 99.0}, day, camera)
    row = yard.images.get(moved)
    assert yard.images.move_capture(row, replace(row.capture, taken_at=row.capture.taken_at - timedelta(days=300)))
    assert yard.images.end(yard.images.get(gone), State.GONE, Rejection("ImageMissing", "it is gone"))
    assert others == planned(yard, 6)


def test_a_plan_is_made_once_for_the_same_figures(yard):
    run(yard)
    plan = plan_of(yard)
    assert {"made": 0, "plans": 3, "days": 0} == run(yard)
    give(yard, planned(yard, 1)[0])
    roll_up_again(yard)
    assert 0 == run(yard)["made"]
    assert replace(plan, seen=plan_of(yard).seen) == plan_of(yard)
    assert plan.seen != plan_of(yard).seen


def test_a_plan_of_all_that_was_left_serves_until_nothing_is(yard):
    run(yard)
    assert plan_of(yard, 1).is_whole
    for uri in uris(ask_planned(plan_of(yard, 1), 99, yard.services)):
        give(yard, uri)
    roll_up_again(yard)
    assert 1 == run(yard)["made"]
    assert [] == list(plan_of(yard, 1).requests)


def test_a_late_image_has_its_windows_planned_again(yard):
    run(yard)
    yard.image(999, {"Person": 99.0}, DAYS[0])
    roll_up_again(yard)
    assert 2 == run(yard)["made"]  # the last day alone is as it was
    assert "999.jpg" in {each.candidate.image_id.rsplit("/", 1)[1] for each in plan_of(yard).requests}


def test_a_plan_of_which_half_is_answered_is_made_again():
    yard = Yard()
    yard.images_of_a_day(KEPT + 60)
    yard.roll_up()
    run(yard)
    plan = plan_of(yard)
    assert (KEPT, False) == (len(plan.requests), plan.is_whole)
    ids = planned(yard, KEPT)
    for uri in ids[: KEPT - FEWEST]:
        give(yard, uri)
    roll_up_again(yard)
    assert 0 == run(yard)["made"]
    give(yard, ids[KEPT - FEWEST])
    roll_up_again(yard)
    assert 3 == run(yard)["made"]
    assert not set(ids[: KEPT - FEWEST + 1]) & {each.candidate.image_id for each in plan_of(yard).requests}


def test_the_next_night_has_its_own_plan(yard):
    run(yard)
    yard.image(1, {}, "2044-05-17")
    yard.clock.move(timedelta(days=1))
    yard.roll_up()
    assert 3 == run(yard)["made"]
    assert "2044-05-17" == plan_of(yard).rollup.end_day


def test_without_figures_there_is_no_plan():
    yard = Yard()
    yard.images_of_a_day(5)
    assert {"made": 0, "plans": 0, "days": 0} == run(yard)


def test_another_sample_or_threshold_does_not_take_the_plan(yard):
    run(yard)
    accuracy = yard.services.accuracy
    (rule,) = accuracy.rules
    other_salt = replace(yard.services, accuracy=replace(accuracy, salt="other"))
    assert read_plan(rule, 28, other_salt) is None
    assert read_plan(replace(rule, threshold_percent=80.0), 28, yard.services) is None
    assert read_plan(replace(rule, label="Car"), 28, yard.services) is None


def test_a_run_that_lost_its_turn_keeps_nothing(yard):
    assert 0 == plan_review(yard.services, lambda: False)["made"]
    assert read_plan(yard.services.accuracy.rules[0], 28, yard.services) is None


def test_what_takes_too_long_is_planned_of_the_newest_days(yard: Yard):
    started = yard.clock.now

    def goes_on() -> bool:
        yard.clock.move(timedelta(seconds=20))
        return yard.clock.now < started + timedelta(hours=1)

    assert 3 == plan_review(yard.services, goes_on)["made"]
    plan = plan_of(yard)
    assert ({LAST_DAY}, False) == ({each.cell.day for each in plan.requests}, plan.is_whole)
    assert len(plan.requests) < FEWEST
    give(yard, uris(ask_planned(plan, 1, yard.services))[0])
    roll_up_again(yard)
    started = yard.clock.now
    assert 0 == plan_review(yard.services, goes_on)["made"], "more than half is left of what it held"


def test_a_plan_of_long_keys_fits_into_an_item():
    image = Candidate("s3://b/" + "é" * 500, "c" * 64, Stratum.C, None, 3)
    kept = list(fitting([Request(Cell("yard", "Person", LAST_DAY), image)] * KEPT))
    assert 50 < len(kept) < KEPT
    assert len(kept) * len(ascii(image.image_id)) < LONGEST_BYTES


def test_progress_is_that_of_the_last_rollup(yard):
    run(yard)
    for uri in planned(yard, 12):
        give(yard, uri)
    plan = plan_of(yard)
    assert [0] == [progress_of_plan(plan, yard.services).reviewed]
    roll_up_again(yard)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 28, yard.operations), yard.services)
    now, by_rollup = progress_of(cells, yard.services.accuracy.target_points), progress_of_plan(plan, yard.services)
    assert (now.reviewed, now.held_back, now.advice) == (by_rollup.reviewed, by_rollup.held_back, by_rollup.advice)
    gone = replace(plan, rollup=replace(plan.rollup, model="none"))
    keep_plan(gone, yard.services)
    assert progress_of_plan(plan_of(yard), yard.services) is None
