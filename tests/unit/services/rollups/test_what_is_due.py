"""Which windows a run makes: what was marked, and the nights that have passed; each once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from beat_schedule import BEAT_SCHEDULE
from sightline.services.rollups.plan import AccuracyPlan, method_of
from sightline.services.rollups.run import NAME, RollUp, run_roll_up
from sightline.stats.strata import StrataRule
from sightline.storage.dirty_days import Purpose
from sightline.storage.rollups.protocol import ALL_CAMERAS
from tests.unit.services.rollups.yard import LAST_DAY, Yard

DAY = timedelta(days=1)
TODAY = "2044-05-17"


def ends(yard: Yard, window_days: int, camera: str = ALL_CAMERAS) -> list[str]:
    return [
        each.key.end_day for each in yard.rollups.between(camera, "Person", window_days, "2000-01-01", "2100-01-01")
    ]


def test_a_day_that_has_not_ended_waits():
    yard = Yard()
    yard.image(1, {}, TODAY)
    yard.roll_up()
    assert [] == ends(yard, 1)
    yard.clock.move(DAY)
    yard.roll_up()
    assert [TODAY] == ends(yard, 1)


def test_a_day_ends_when_it_has_ended_for_the_last_camera():
    zones = tuple(map(ZoneInfo, ("Asia/Tokyo", "America/Los_Angeles", "UTC")))
    plan = AccuracyPlan((), "salt", 5.0, zones)
    assert "2026-03-01" == plan.last_ended_day(datetime(2026, 3, 3, 7, 59, tzinfo=UTC))
    assert "2026-03-02" == plan.last_ended_day(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))


def test_a_changed_day_makes_every_window_that_holds_it():
    yard = Yard()
    yard.image(1, {}, "2044-05-07")
    yard.roll_up()
    last_ten = [f"2044-05-{day:02}" for day in range(7, 17)]
    for camera in ("yard", ALL_CAMERAS):
        assert ["2044-05-07"] == ends(yard, 1, camera)
        assert last_ten[:7] == ends(yard, 7, camera)
        assert last_ten == ends(yard, 28, camera)


def test_a_night_gives_quiet_cameras_their_windows_too():
    yard = Yard()
    yard.image(1, {}, camera="yard")
    yard.image(1, {}, camera="gate")
    yard.roll_up()
    yard.clock.move(DAY)
    yard.image(2, {}, TODAY, camera="yard")
    yard.roll_up()
    assert [LAST_DAY, TODAY] == ends(yard, 28, "gate")
    assert [LAST_DAY] == ends(yard, 1, "gate")


def test_missed_nights_are_caught_up_once_however_often_beat_has_called():
    yard = Yard()
    yard.image(1, {})
    yard.roll_up()
    yard.clock.move(3 * DAY)
    outcomes = []
    for _ in range(5):  # what stood in the queue while nothing ran
        yard.roll_up()
        outcomes.append(yard.outcome)
    nights = [outcome["nights"] for outcome in outcomes]
    assert [3, 0, 0, 0, 0] == nights
    assert 0 == sum(outcome["written"] for outcome in outcomes[1:])
    window = yard.rollup("2044-05-18", 7)
    assert (1, "first figures") == (window.revision, window.reason)


def test_a_run_that_is_cut_goes_on_where_it_was():
    yard = Yard()
    days = [f"2044-05-{day:02}" for day in range(10, 17)]
    for day in days:
        yard.image(1, {}, day)
    left = iter([True, True, True, False, True])  # three days, and the windows of the one label
    first = RollUp(yard.services)
    outcome = first.do(lambda: next(left))
    assert (3, 4, False) == (outcome["days"], outcome["left"], first.is_complete)
    assert days[-3:] == ends(yard, 1)
    second = yard.roll_up()
    assert (4, True) == (yard.outcome["days"], second.is_complete)
    assert days == ends(yard, 1)


def test_where_time_ends_before_the_windows_no_mark_goes():
    yard = Yard()
    yard.image(1, {})
    left = iter([True, False])
    RollUp(yard.services).do(lambda: next(left))
    assert 1 == len(list(yard.operations.dirty_days.dirty(Purpose.ROLLUPS)))
    yard.roll_up()
    assert [LAST_DAY] == ends(yard, 28)


def test_a_second_run_at_the_same_time_does_nothing():
    yard = Yard()
    yard.image(1, {})
    lease = yard.operations.leases.acquire(NAME, "another", timedelta(minutes=1))
    assert not run_roll_up(RollUp(yard.services), yard.services)
    assert [] == ends(yard, 1)
    assert lease is not None
    yard.operations.leases.release(lease)
    assert not run_roll_up(RollUp(yard.services), yard.services)
    assert [LAST_DAY] == ends(yard, 1)
    assert 1 == yard.operations.runs.last()[NAME].outcome["days"]


def test_versions_of_the_detector_are_never_pooled():
    yard = Yard()
    yard.images_of_a_day(30, "2044-05-15", model="3.0")
    yard.images_of_a_day(30, LAST_DAY, model="3.1")
    yard.census(yard.uris())
    yard.roll_up()
    found = list(yard.rollups.between(ALL_CAMERAS, "Person", 7, LAST_DAY, LAST_DAY))
    assert ["3.0", "3.1"] == [each.key.model for each in found]
    assert [30, 30] == [sum(counts[0] for counts in each.figures["window"]["tallies"].values()) for each in found]


def test_another_threshold_starts_figures_of_its_own():
    methods = {method_of(StrataRule("Person", threshold)) for threshold in (50.0, 60.0)}
    methods |= {method_of(StrataRule("Person", related_labels=frozenset({"Man"}))), method_of(StrataRule("Person"))}
    assert 3 == len(methods)


def test_beat_calls_the_task_and_forgets_a_call_before_the_next():
    entry = BEAT_SCHEDULE[NAME]
    assert NAME == entry["task"]
    assert entry["options"]["expires"] < entry["schedule"]
