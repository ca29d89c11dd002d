from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.models.images import Capture
from sightline.storage.images.keys import MAX_SORT_KEY_BYTES, day_position, shard_of, write_day_of
from sightline.storage.images.positions import AFTER_ALL, BEFORE_ALL, Positions
from sightline.testing.clocks import MovingClock


def capture(at: datetime) -> Capture:
    return Capture("yard", at, "key")


NOON = capture(datetime(2024, 5, 1, 12, tzinfo=UTC))


@given(st.text(st.characters(codec="utf-8"), max_size=1200))
def test_a_place_in_a_day_always_fits_and_begins_with_the_time(image_id):
    place = day_position(image_id, NOON)
    assert len(place.encode()) <= MAX_SORT_KEY_BYTES
    assert place.startswith("2024-05-01T12:00:00.000000+00:00#")


def test_long_ids_that_differ_at_their_end_have_different_places():
    ids = [f"s3://bucket/{'x' * 1010}/{number}" for number in range(3)]
    assert len({day_position(image_id, NOON) for image_id in ids}) == 3
    assert day_position(ids[0], NOON).count("sha256:") == 1


def test_places_go_by_the_instant_where_the_cameras_offset_changes():
    summer = capture(datetime(2024, 10, 27, 2, 45, tzinfo=timezone(timedelta(hours=2))))
    winter = capture(datetime(2024, 10, 27, 2, 15, tzinfo=timezone(timedelta(hours=1))))
    assert day_position("b", summer) < day_position("a", winter)


def test_an_image_has_the_same_shard_everywhere():
    check_value_of_crc32 = 0xCBF43926  # of these nine digits, in every catalogue of CRCs
    assert check_value_of_crc32 % 1000 == shard_of("123456789", 1000)


@pytest.mark.parametrize("day", ["1970-01-01", "2024-02-29", "2099-12-31"])
def test_a_position_tells_its_utc_day(day):
    at = datetime.fromisoformat(f"{day}T23:59:59.999000+00:00")
    assert day == write_day_of(Positions(lambda: at).next())


def test_positions_only_rise_whatever_the_clock_does():
    clock = MovingClock()
    positions = Positions(clock)
    given_out = []
    for milliseconds in (0, 0, 1, -1, -3_600_000, 0, 7_200_000, 0):
        clock.move(timedelta(milliseconds=milliseconds))
        given_out.append(positions.next())
    assert sorted(set(given_out)) == given_out
    assert all(BEFORE_ALL < each <= AFTER_ALL for each in given_out)


def test_threads_never_share_a_position():
    positions = Positions(MovingClock())
    with ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(lambda _: positions.next(), range(2000)))
    assert len(set(given_out)) == 2000


def test_two_processes_give_different_positions_in_one_millisecond():
    clock = MovingClock()
    assert Positions(clock).next() != Positions(clock).next()
