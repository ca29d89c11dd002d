"""Offsets of frames, whatever the container's clock says."""

from hypothesis import given
from hypothesis import strategies as st

from sightline.video.offsets import offsets_ms


def test_timestamps_that_increase_are_believed():
    assert [0, 40, 95, 3000] == list(offsets_ms([0.0, 40.0, 95.4, 3000.0], 25.0))


def test_the_first_frame_is_at_zero_whenever_the_clock_began():
    assert [0, 40] == list(offsets_ms([7_200_000.0, 7_200_040.0], 25.0))


def test_after_a_jump_back_each_frame_follows_by_the_rate():
    assert [0, 100, 200, 300, 400] == list(offsets_ms([0.0, 100.0, 50.0, 5000.0, 6000.0], 10.0))


def test_a_clock_that_stands_still_is_believed_no_more():
    assert [0, 100, 200] == list(offsets_ms([0.0, 0.0, 0.0], 10.0))


def test_a_file_without_a_usable_rate_counts_25_a_second():
    for rate in (0.0, -1.0, float("nan"), 1e9, 1e-309):
        assert [0, 40, 80] == list(offsets_ms([0.0, 0.0, 0.0], rate))


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), max_size=40),
    st.floats(),
)
def test_no_clock_makes_offsets_go_backwards_or_repeat(timestamps, rate):
    found = list(offsets_ms(timestamps, rate))
    assert len(timestamps) == len(found)
    assert sorted(set(found)) == found
    assert not found or found[0] == 0
