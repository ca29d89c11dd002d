"""What every store of rollups does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.errors import MissingTable
from sightline.models.images import CameraDay
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup, RollupKey, RollupStore
from sightline.testing.clocks import MovingClock
from sightline.testing.rollups import InMemoryRollupStore

NOW = MovingClock().now
FIGURES = {"recall": {"low": 0.12345678901234567, "median": 1 / 3, "high": 1.0}, "hours": [[1, 2], []]}


@pytest.fixture(params=["memory", "dynamodb"])
def rollups(request: pytest.FixtureRequest) -> RollupStore:
    if request.param == "memory":
        return InMemoryRollupStore()
    client, prefix = request.getfixturevalue("dynamodb_client"), request.getfixturevalue("table_prefix")
    made = DynamoRollupStore(client, prefix)
    made.setup()
    return made


def rollup(end_day: str = "2026-11-02", camera: str = "yard", window_days: int = 1, model: str = "3.0") -> Rollup:
    key = RollupKey(camera, "Person", window_days, end_day, model, "a-1")
    return Rollup(key, 1, "first", "v1", "p1", NOW, NOW, FIGURES)


def later(one: Rollup, reason: str) -> Rollup:
    return replace(one, revision=one.revision + 1, reason=reason, at=one.at + timedelta(hours=1))


def test_a_rollup_comes_back_to_the_last_digit(rollups: RollupStore) -> None:
    first, together = rollup(), rollup(camera=ALL_CAMERAS)
    assert rollups.write(first)
    assert rollups.write(together)
    assert [first, together] == [rollups.get(first.key), rollups.get(together.key)]
    assert rollups.get(replace(first.key, model="4.0")) is None


def test_the_figures_of_a_thousand_cameras_with_long_names_are_kept(rollups: RollupStore) -> None:
    cameras = [f"{number:04}" + "ä" * 125 for number in range(1000)]
    long = replace(rollup(camera=ALL_CAMERAS), figures=FIGURES | {"cameras": cameras})
    assert [True, True] == [rollups.write(long), rollups.write(long)]
    assert long == rollups.get(long.key)
    assert not rollups.write(replace(long, figures=FIGURES | {"cameras": cameras[1:]}))
    assert [long] == list(rollups.between(ALL_CAMERAS, "Person", 1, "0000-00-00", "9999-99-99"))
    short = replace(later(long, "fewer"), figures=FIGURES)
    assert rollups.write(short)
    assert [short] == list(rollups.between(ALL_CAMERAS, "Person", 1, "0000-00-00", "9999-99-99"))


def test_a_revision_follows_the_one_that_stands_and_no_other(rollups: RollupStore) -> None:
    first = rollup()
    second = later(first, "a late image")
    assert not rollups.write(second)
    assert rollups.write(first)
    assert not rollups.write(replace(first, reason="a rival's"))
    assert rollups.write(second)
    assert not rollups.write(later(first, "a rival's"))
    assert second == rollups.get(first.key)


def test_the_same_revision_written_twice_is_written(rollups: RollupStore) -> None:
    assert [True, True] == [rollups.write(rollup()), rollups.write(rollup())]


def test_windows_are_found_by_their_last_day_and_length(rollups: RollupStore) -> None:
    days = [rollup(f"2026-11-{day:02}", model=model) for day in (1, 2, 3) for model in ("3.0", "3.1")]
    others = [rollup("2026-11-02", window_days=7), rollup("2026-11-02", window_days=28), rollup("2026-11-02", "gate")]
    for each in (*reversed(days), *others):
        rollups.write(each)
    assert days[2:] == list(rollups.between("yard", "Person", 1, "2026-11-02", "2026-11-30"))
    assert [others[0]] == list(rollups.between("yard", "Person", 7, "2026-01-01", "2026-12-31"))
    assert [] == list(rollups.between("yard", "Person", 1, "2026-11-03", "2026-11-02"))
    assert [] == list(rollups.between("yard", "Car", 1, "2026-11-01", "2026-11-30"))
    assert days[:1:-1] == list(rollups.newest_first("yard", "Person", 1, "2026-11-02", "2026-11-30"))
    assert [] == list(rollups.newest_first("yard", "Person", 1, "2026-11-03", "2026-11-02"))


def late(rollups: RollupStore) -> list[tuple[int, int]]:
    found = rollups.between("yard", "Person", 1, "2026-11-01", "2026-11-30")
    return [(each.late_images, each.late_verdicts) for each in found]


def test_what_came_late_is_noted_and_makes_no_revision(rollups: RollupStore) -> None:
    first, second = rollup("2026-11-01"), rollup("2026-11-02")
    rollups.write(first)
    rollups.write(second)
    rollups.note_late(first.key, 2, 1)
    rollups.note_late(second.key, 1, 0)
    rollups.note_late(second.key, 3, 4)
    rollups.note_late(rollup("2026-11-03").key, 9, 9)  # nobody has closed that day
    assert [(2, 1), (3, 4)] == late(rollups)
    assert [first, second] == list(rollups.between("yard", "Person", 1, "2026-11-01", "2026-11-30"))
    assert rollups.write(later(first, "re-opened"))
    assert [(2, 1), (3, 4)] == late(rollups)


def test_setup_repeats_and_a_missing_table_is_named(rollups: RollupStore, dynamodb_client: Any) -> None:
    rollups.setup()
    rollups.check()
    with pytest.raises(MissingTable, match="nowhere-rollups"):
        DynamoRollupStore(dynamodb_client, "nowhere-").check()


def test_what_each_hour_shows_is_found_by_label_and_days_of_a_camera_or_of_all(rollups: RollupStore) -> None:
    long_name = "ä" * 600
    days = [CameraDay(camera, f"2026-11-0{day}") for day in (1, 2, 3) for camera in ("gate", "yard")]
    for number, day in enumerate(days):
        assert rollups.keep_hour_counts(day, NOW, {"Person": {(7, 99): number, (23, 100): 1}, "No.1 #dog": {}})
    strange = CameraDay(long_name, "2026-11-02")
    assert rollups.keep_hour_counts(strange, NOW, {"Person": {(0, 0): 5}})

    def found(label: str, *asked: str) -> dict[CameraDay, object]:
        return {day: dict(counts) for day, counts in rollups.hour_counts(label, *asked)}

    shown = {day: {(7, 99): number, (23, 100): 1} for number, day in enumerate(days)}
    assert {day: shown[day] for day in days[2:]} | {strange: {(0, 0): 5}} == found("Person", "2026-11-02", "2026-11-03")
    assert {day: shown[day] for day in days[:4:2]} == found("Person", "2026-11-01", "2026-11-02", "gate")
    assert {strange: {(0, 0): 5}} == found("Person", "2026-01-01", "2026-12-31", long_name)
    assert {day: {} for day in days} == found("No.1 #dog", "2026-11-01", "2026-11-03")
    assert {} == found("Car", "2026-11-01", "2026-11-03") == found("Person", "2026-11-03", "2026-11-01")
    assert [] == list(rollups.between("hours", "", 1, "0000-00-00", "9999-99-99"))


def test_what_was_read_later_stands_and_the_whole_day_is_replaced(rollups: RollupStore) -> None:
    day = CameraDay("yard", "2026-11-01")
    assert rollups.keep_hour_counts(day, NOW, {"Person": {(7, 99): 1}, "Dog": {(7, 99): 2}})
    assert rollups.keep_hour_counts(day, NOW, {"Person": {(7, 99): 1}, "Dog": {(7, 99): 2}}), "the network sends twice"
    assert rollups.keep_hour_counts(day, NOW + timedelta(microseconds=1), {"Person": {(8, 99): 3}})
    assert not rollups.keep_hour_counts(day, NOW, {"Person": {(7, 99): 9}, "Dog": {(7, 99): 9}})
    assert [(day, {(8, 99): 3})] == list(rollups.hour_counts("Person", "2026-11-01", "2026-11-01"))
    assert [] == list(rollups.hour_counts("Dog", "2026-11-01", "2026-11-01"))
