from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sightline.models.images import Capture
from sightline.services.clock_doubts import ClockDoubts, Sighting, doubt_of
from sightline.testing.clocks import MovingClock
from sightline.testing.images import InMemoryImageStore

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
YEAR = 365 * DAY


def in_time(ago: timedelta = HOUR) -> Sighting:
    return Sighting(NOW - ago - MINUTE, NOW - ago)


def test_a_time_shortly_before_its_upload_is_not_doubted():
    assert "" == doubt_of(Sighting(NOW - 20 * HOUR, NOW), [in_time()])


def test_a_time_after_its_upload_is():
    assert "ahead of its upload" == doubt_of(Sighting(NOW + HOUR, NOW), [])
    assert "" == doubt_of(Sighting(NOW + 4 * MINUTE, NOW), [])


def test_a_clock_that_starts_again_is_doubted_without_any_neighbour():
    for start in (datetime(2000, 1, 1, 0, 0, 13, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)):
        assert "at a date that clocks start from" == doubt_of(Sighting(start, NOW), [])


def test_a_clock_that_starts_at_midnight_of_utc_is_doubted_where_the_year_began_later():
    start = datetime(2000, 1, 1, 0, 0, 13, tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
    assert "1999-12-31" == start.date().isoformat()
    assert "at a date that clocks start from" == doubt_of(Sighting(start, NOW), [])


def test_new_years_day_uploaded_soon_after_is_not():
    assert "" == doubt_of(Sighting(datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC)), [])


def test_a_clock_behind_a_camera_that_uploads_in_time_is_doubted():
    assert "behind the camera's other images" == doubt_of(Sighting(NOW - 3 * YEAR, NOW), [in_time()])


def test_a_clock_that_runs_years_behind_at_the_pace_of_its_uploads_is_doubted():
    other = Sighting(NOW - 3 * YEAR - HOUR, NOW - HOUR)
    why = "behind its uploads by the same time as the camera's other images"
    assert why == doubt_of(Sighting(NOW - 3 * YEAR, NOW), [other])


def test_an_archive_is_not_doubted_even_if_the_camera_still_uploads():
    archive = Sighting(NOW - 3 * YEAR - 40 * DAY, NOW - MINUTE)
    assert "" == doubt_of(Sighting(NOW - 3 * YEAR, NOW), [in_time(), archive])
    assert "" == doubt_of(Sighting(datetime(2022, 1, 1, 12, tzinfo=UTC), NOW), [archive])


@given(st.lists(st.tuples(st.integers(2, 60), st.integers(1, 20)), min_size=2, max_size=20), st.integers(400, 4000))
def test_of_an_archive_uploaded_in_order_at_most_the_first_image_is_doubted(steps, days_ago):
    taken, uploaded = NOW - days_ago * DAY, NOW
    seen: list[Sighting] = []
    doubts: list[str] = []
    for days, seconds in steps:
        taken, uploaded = taken + days * DAY, uploaded + timedelta(seconds=seconds)
        if taken > NOW - 2 * DAY:
            break
        doubts.append(doubt_of(Sighting(taken, uploaded), seen))
        seen.append(Sighting(taken, uploaded))
    assert not any(doubts[1:])


def test_a_time_a_day_before_the_last_good_one_may_be_an_image_that_was_uploaded_late():
    assert "" == doubt_of(Sighting(NOW - DAY - HOUR, NOW + DAY - HOUR), [in_time()])


@given(st.lists(st.integers(60, 90_000), min_size=2, max_size=8), st.integers(3, 4000))
def test_a_clock_reset_again_and_again_stays_doubted(seconds, days_behind):
    uploaded, seen = NOW, [in_time()]
    for each in seconds:
        uploaded += timedelta(seconds=each)
        sighting = Sighting(uploaded - days_behind * DAY, uploaded)
        assert doubt_of(sighting, seen)
        seen.append(sighting)


def test_other_cameras_are_no_neighbours_and_upload_times_are_not_doubted():
    doubts = ClockDoubts(InMemoryImageStore(MovingClock()))
    assert "" == doubts.of("1", Capture("yard", NOW - MINUTE, "key"), NOW)
    assert "" == doubts.of("2", Capture("gate", NOW - 300 * DAY, "key"), NOW)
    assert "" == doubts.of("3", Capture("yard", NOW - 300 * DAY, "last_modified"), NOW)
    assert "behind the camera's other images" == doubts.of("4", Capture("yard", NOW - 300 * DAY, "exif"), NOW)
