"""How many images of a day show a label by hour and confidence, and of which days that is known."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sightline.models.images import CameraDay, Rejection, State
from sightline.services.rollups.hour_counts import DaysCounted, days_counted
from tests.unit.services.rollups.yard import LAST_DAY as ENDED
from tests.unit.services.rollups.yard import Yard

BEFORE = "2044-05-15"
YARD, GATE, YARD_BEFORE = CameraDay("yard", ENDED), CameraDay("gate", ENDED), CameraDay("yard", BEFORE)
DAYS = (YARD, GATE, YARD_BEFORE)


@pytest.fixture
def yard() -> Yard:
    """Return three days: the number 17 of a day was taken at 04:49."""
    made = Yard()
    for number, confidence in ((0, 99.9), (1, 100.0), (2, 30.0), (17, 99.2)):
        made.image(number, {"Person": confidence, "Dog": 50.0})
    made.image(3, {"Plant": 70.0})
    made.image(4, {"Person": 99.0}, camera="gate")
    made.image(5, {"Person": 64.99}, day=BEFORE)
    made.roll_up()
    return made


def counted(yard: Yard, label: str = "Person", camera: str | None = None) -> DaysCounted:
    days = [each for each in DAYS if camera in {None, each.camera}]
    return days_counted(label, days, camera, yard.operations.dirty_days, yard.rollups)


def test_images_are_counted_by_hour_and_whole_percent_of_all_cameras_or_of_one(yard):
    of_yard = {(0, 99): 1, (0, 100): 1, (0, 30): 1, (4, 99): 1}
    of_gate = {(1, 99): 1}
    assert DaysCounted({ENDED: of_yard | of_gate, BEFORE: {(1, 64): 1}}, set()) == counted(yard)
    assert DaysCounted({ENDED: of_yard, BEFORE: {(1, 64): 1}}, set()) == counted(yard, camera="yard")
    assert DaysCounted({ENDED: of_gate}, set()) == counted(yard, camera="gate")


def test_a_day_of_which_one_camera_has_changed_is_left_until_it_is_rolled_up(yard):
    yard.image(6, {"Person": 80.0}, camera="gate")
    assert DaysCounted({BEFORE: {(1, 64): 1}}, {ENDED}) == counted(yard)
    assert {ENDED, BEFORE} == counted(yard, camera="yard").by_day.keys(), "the yard has not changed"
    yard.roll_up()
    assert 1 == counted(yard).by_day[ENDED][1, 80]


def test_a_day_that_was_never_counted_is_left(yard):
    shed = CameraDay("shed", ENDED)
    found = days_counted("Person", [YARD, YARD_BEFORE, shed], None, yard.operations.dirty_days, yard.rollups)
    assert ({BEFORE}, {ENDED}) == (found.by_day.keys(), found.left)
    assert DaysCounted({}, {ENDED, BEFORE}) == counted(yard, label="Dog"), "nobody watches dogs"
    assert DaysCounted({}, ()) == days_counted("Person", [], None, yard.operations.dirty_days, yard.rollups)


def test_a_day_without_the_label_is_counted_as_none(yard):
    yard.image(3, {"Plant": 70.0}, camera="shed")
    yard.roll_up()
    shed = [CameraDay("shed", ENDED)]
    assert DaysCounted({ENDED: Counter()}, set()) == days_counted(
        "Person", shed, "shed", yard.operations.dirty_days, yard.rollups
    )


def test_images_of_each_detector_version_are_counted_and_those_that_are_gone_are_not(yard):
    yard.image(1, {"Person": 88.0}, camera="gate", model="4.0")
    row = yard.images.get(f"s3://frames/gate/{ENDED}/4.jpg")
    assert row is not None
    yard.images.end(row, State.GONE, Rejection("ImageMissing", "deleted"))
    yard.mark("gate", ENDED)
    yard.roll_up()
    assert {ENDED: {(0, 88): 1}} == counted(yard, camera="gate").by_day


def test_an_image_that_comes_after_a_day_was_closed_is_counted_though_its_figures_stay(yard):
    yard.clock.move(timedelta(days=45))
    yard.image(18, {"Person": 77.0})
    before = yard.rollup(camera="yard")
    yard.roll_up()
    assert 1 == counted(yard).by_day[ENDED][5, 77]
    assert (before, 1) == (yard.rollup(camera="yard"), yard.rollup(camera="yard").late_images)


class RolledUpMeanwhile:
    """A store: just after it has answered, what is marked is rolled up."""

    def __init__(self, store: Any, yard: Yard) -> None:
        self._store, self._yard = store, yard

    def __getattr__(self, name: str) -> Any:
        def read(*arguments: Any) -> list[Any]:
            found = list(getattr(self._store, name)(*arguments))
            self._yard.roll_up()
            return found

        return read


def test_a_day_that_is_rolled_up_while_one_reads_is_never_counted_as_it_was(yard):
    yard.image(6, {"Person": 80.0}, camera="gate")
    stores: Any = [RolledUpMeanwhile(store, yard) for store in (yard.operations.dirty_days, yard.rollups)]
    during = days_counted("Person", DAYS, None, *stores)
    assert ({BEFORE}, {ENDED}) == (during.by_day.keys(), during.left)


def test_a_run_that_read_a_day_before_another_one_did_changes_nothing(yard):
    now = counted(yard).by_day
    earlier = yard.clock.now - timedelta(seconds=1)
    assert not yard.rollups.keep_hour_counts(YARD, earlier, {"Person": {(7, 50): 3}})
    assert now == counted(yard).by_day


def test_a_label_that_is_watched_again_is_left_on_days_that_were_rolled_up_without_it(yard):
    yard.clock.move(timedelta(seconds=1))
    assert yard.rollups.keep_hour_counts(YARD, yard.clock.now, {"Dog": {}})
    assert {ENDED} == counted(yard).left
