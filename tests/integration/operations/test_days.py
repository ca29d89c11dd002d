"""Dirty days: marked for each purpose, worked off by each consumer for itself."""

from datetime import UTC, datetime, timedelta

import pytest

from sightline.models.images import CameraDay
from sightline.storage.capture_counts import Counted
from sightline.storage.dirty_days import DirtyDay, Purpose
from sightline.storage.operations import Operations

MONDAY, TUESDAY = CameraDay("yard", "2026-11-02"), CameraDay("yard", "2026-11-03")
GATE = CameraDay("gate#2", "2026-11-02")


def days(operations: Operations, purpose: Purpose) -> list[CameraDay]:
    return [each.camera_day for each in operations.dirty_days.dirty(purpose)]


def test_a_marked_day_is_dirty_for_each_purpose_until_that_one_cleans_it(operations: Operations) -> None:
    operations.dirty_days.mark([TUESDAY, MONDAY, GATE, MONDAY])
    assert [GATE, MONDAY, TUESDAY] == days(operations, Purpose.PARITY)
    (first, *_) = operations.dirty_days.dirty(Purpose.PARITY)
    assert operations.dirty_days.clean(first)
    assert [MONDAY, TUESDAY] == days(operations, Purpose.PARITY)
    assert [GATE, MONDAY, TUESDAY] == days(operations, Purpose.ROLLUPS)


def test_a_day_that_is_marked_again_meanwhile_stays_dirty(operations: Operations) -> None:
    operations.dirty_days.mark([MONDAY])
    (read,) = operations.dirty_days.dirty(Purpose.ROLLUPS)
    operations.dirty_days.mark([MONDAY])
    assert not operations.dirty_days.clean(read)
    assert [MONDAY] == days(operations, Purpose.ROLLUPS)


def test_the_marks_of_a_span_are_read_alone(operations: Operations) -> None:
    operations.dirty_days.mark([TUESDAY, MONDAY, GATE])
    dirty = operations.dirty_days.dirty
    assert [GATE, MONDAY] == [each.camera_day for each in dirty(Purpose.ROLLUPS, MONDAY.day, MONDAY.day)]
    assert [] == list(dirty(Purpose.ROLLUPS, TUESDAY.day, MONDAY.day))


def test_a_mark_that_is_gone_can_not_be_cleaned(operations: Operations) -> None:
    assert not operations.dirty_days.clean(DirtyDay(Purpose.PARITY, MONDAY, "never"))


def test_a_day_may_be_marked_for_one_purpose_alone(operations: Operations) -> None:
    operations.dirty_days.mark([MONDAY], [Purpose.PARITY])
    assert ([MONDAY], []) == (days(operations, Purpose.PARITY), days(operations, Purpose.ROLLUPS))


def test_days_are_known_for_ever_and_more_of_them_than_one_request_holds(operations: Operations) -> None:
    many = [CameraDay("yard", f"2026-{month:02}-{day:02}") for month in (1, 2) for day in range(1, 29)]
    operations.dirty_days.mark(many)
    for dirty in list(operations.dirty_days.dirty(Purpose.PARITY)):
        operations.dirty_days.clean(dirty)
    assert [] == days(operations, Purpose.PARITY)
    assert many == list(operations.dirty_days.known())


HASHED = "c" * 1020
"""With its day, this name is too long for a key."""


@pytest.mark.parametrize("camera", ["gate", "gate#2", HASHED])
def test_the_days_of_one_camera_or_of_a_span_are_read_alone(operations: Operations, camera: str) -> None:
    names = ["gate", "gate#2", "gate#2026-11-01", "gates", "yard", HASHED]
    days = [f"2026-11-{day:02}" for day in (1, 5, 9, 28)]
    operations.dirty_days.mark(CameraDay(name, day) for name in names for day in days)
    known, first, last = operations.dirty_days.known, "2026-11-05", "2026-11-09"
    assert [CameraDay(camera, day) for day in days] == sorted(known(camera))
    assert [CameraDay(camera, day) for day in (first, last)] == sorted(known(camera, first, last))
    assert [CameraDay(camera, first)] == list(known(camera, first, first))
    assert sorted(CameraDay(n, d) for n in names for d in (first, last)) == sorted(known(None, first, last))
    assert [] == list(known(camera, last, first))
    assert days[-1] == operations.dirty_days.newest(camera)
    assert operations.dirty_days.newest("dock") is None


def test_a_day_that_is_reopened_says_since_when(operations: Operations) -> None:
    at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    operations.dirty_days.reopen([MONDAY, GATE], at)
    assert [at, at, None] == [operations.dirty_days.reopened_at(day) for day in (MONDAY, GATE, TUESDAY)]
    operations.dirty_days.reopen([MONDAY], at + timedelta(days=1))
    assert at + timedelta(days=1) == operations.dirty_days.reopened_at(MONDAY)
    assert [] == days(operations, Purpose.ROLLUPS)


def test_capture_times_are_counted_by_camera_and_month(operations: Operations) -> None:
    november, counts = datetime(2026, 11, 27, tzinfo=UTC), operations.capture_counts
    counts.count("yard", november, {Counted.DOUBTFUL: 1, Counted.IGNORED: 1})
    counts.count("yard", november, {Counted.DOUBTFUL: 2})
    counts.count("gate#2", november, {Counted.UPLOAD_TIME: 1})
    counts.count("yard", datetime(2026, 12, 1, tzinfo=UTC), {Counted.DOUBTFUL: 9})
    expected = {"yard": {Counted.DOUBTFUL: 3, Counted.IGNORED: 1}, "gate#2": {Counted.UPLOAD_TIME: 1}}
    assert expected == counts.of_month(november)


def test_a_cameras_name_may_be_as_long_as_a_key(operations: Operations) -> None:
    long = CameraDay("c" * 1020, "2026-11-02")
    operations.dirty_days.mark([long])
    assert [long] == days(operations, Purpose.PARITY)
