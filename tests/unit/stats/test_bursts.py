"""Bursts and the control slice."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.bursts import Likeness, burst_of, choose, is_control, nearest

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DARK, ALMOST_DARK, LIGHT = "00", "01", "ff"


def test_a_burst_follows_from_camera_and_time_alone():
    first, last = NOON, NOON + timedelta(seconds=59)
    assert burst_of("yard", first, MINUTE) == burst_of("yard", last, MINUTE)
    assert burst_of("yard", first, MINUTE) != burst_of("yard", NOON + MINUTE, MINUTE)
    assert burst_of("yard", first, MINUTE) != burst_of("gate", first, MINUTE)


def test_an_instant_is_in_the_same_burst_in_every_time_zone():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert burst_of("yard", NOON, MINUTE) == burst_of("yard", elsewhere, MINUTE)


def test_windows_of_another_length_are_other_bursts():
    assert burst_of("yard", NOON, MINUTE) != burst_of("yard", NOON, 2 * MINUTE)


def test_the_control_slice_is_about_its_share_and_another_salt_chooses_others():
    bursts = [burst_of("yard", NOON + number * MINUTE, MINUTE) for number in range(2000)]
    chosen = {burst for burst in bursts if is_control(burst, "a", 10)}
    assert 150 <= len(chosen) <= 250
    assert chosen != {burst for burst in bursts if is_control(burst, "b", 10)}


def test_at_a_hundred_percent_every_burst_is_in_the_control_slice():
    assert all(is_control(burst_of("yard", NOON + number * MINUTE, MINUTE), "a", 100) for number in range(100))


def test_the_nearest_of_those_that_are_near_enough_is_shown():
    assert nearest(ALMOST_DARK, {"light": LIGHT, "dark": DARK}, 1) == Likeness("dark", 1)
    assert nearest(LIGHT, {"dark": DARK}, 1) is None
    assert nearest(DARK, {"b": ALMOST_DARK, "a": ALMOST_DARK}, 1) == Likeness("a", 1)


@given(st.permutations([("a", DARK), ("b", ALMOST_DARK), ("c", LIGHT), ("d", "03"), ("e", "07")]))
def test_in_any_order_an_image_is_shown_only_with_one_that_is_paid_for_and_near(frames):
    seen = dict(frames)
    chosen = dict(choose(frames, 1))
    for image_id, like in chosen.items():
        if like is not None:
            assert chosen[like.image_id] is None
            assert like == Likeness(like.image_id, (int(seen[image_id], 16) ^ int(seen[like.image_id], 16)).bit_count())
            assert like.distance <= 1


def test_a_frame_is_not_like_one_that_is_itself_not_paid_for():
    assert dict(choose([("a", "00"), ("b", "01"), ("c", "03")], 1)) == {"a": None, "b": Likeness("a", 1), "c": None}
