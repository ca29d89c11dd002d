"""Dirty days: marked for each purpose, worked off by each consumer for itself."""

from sightline.models.images import CameraDay
from sightline.storage.operations.days import DirtyDay, Purpose
from sightline.storage.operations.protocol import OperationStore

MONDAY, TUESDAY = CameraDay("yard", "2026-11-02"), CameraDay("yard", "2026-11-03")
GATE = CameraDay("gate#2", "2026-11-02")


def days(operations: OperationStore, purpose: Purpose) -> list[CameraDay]:
    return [each.camera_day for each in operations.dirty_days(purpose)]


def test_a_marked_day_is_dirty_for_each_purpose_until_that_one_cleans_it(operations: OperationStore) -> None:
    operations.mark_days([TUESDAY, MONDAY, GATE, MONDAY])
    assert [GATE, MONDAY, TUESDAY] == days(operations, Purpose.PARITY)
    (first, *_) = operations.dirty_days(Purpose.PARITY)
    assert operations.clean_day(first)
    assert [MONDAY, TUESDAY] == days(operations, Purpose.PARITY)
    assert [GATE, MONDAY, TUESDAY] == days(operations, Purpose.ROLLUPS)


def test_a_day_that_is_marked_again_meanwhile_stays_dirty(operations: OperationStore) -> None:
    operations.mark_days([MONDAY])
    (read,) = operations.dirty_days(Purpose.ROLLUPS)
    operations.mark_days([MONDAY])
    assert not operations.clean_day(read)
    assert [MONDAY] == days(operations, Purpose.ROLLUPS)


def test_a_mark_that_is_gone_can_not_be_cleaned(operations: OperationStore) -> None:
    assert not operations.clean_day(DirtyDay(Purpose.PARITY, MONDAY, "never"))


def test_a_day_may_be_marked_for_one_purpose_alone(operations: OperationStore) -> None:
    operations.mark_days([MONDAY], [Purpose.PARITY])
    assert ([MONDAY], []) == (days(operations, Purpose.PARITY), days(operations, Purpose.ROLLUPS))


def test_days_are_known_for_ever_and_more_of_them_than_one_request_holds(operations: OperationStore) -> None:
    many = [CameraDay("yard", f"2026-{month:02}-{day:02}") for month in (1, 2) for day in range(1, 29)]
    operations.mark_days(many)
    for dirty in list(operations.dirty_days(Purpose.PARITY)):
        operations.clean_day(dirty)
    assert [] == days(operations, Purpose.PARITY)
    assert many == list(operations.known_days())


def test_a_cameras_name_may_be_as_long_as_a_key(operations: OperationStore) -> None:
    long = CameraDay("c" * 1020, "2026-11-02")
    operations.mark_days([long])
    assert [long] == days(operations, Purpose.PARITY)
