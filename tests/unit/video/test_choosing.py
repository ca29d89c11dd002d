"""Which frames are taken."""

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sightline.video.choosing import FrameChoice, Seen, Taking, changed_percent, choose, raster
from tests.clips import plain


def frames(*offsets, shade=lambda _: 100):
    return [Seen(each, partial(plain, shade(each))) for each in offsets]


def taken(seen, choice):
    return [each.offset_ms for each in choose(seen, choice)]


def test_the_first_frame_alone():
    assert [0] == taken(frames(0, 100, 5000), FrameChoice(Taking.FIRST))


def test_one_frame_every_two_seconds():
    assert [0, 2000, 4000] == taken(frames(*range(0, 5000, 100)), FrameChoice(Taking.EVERY, 2000))


def test_the_grid_stays_where_it_is_after_a_gap():
    assert [0, 7300, 8000] == taken(frames(0, 100, 7300, 7400, 8000, 9900), FrameChoice(Taking.EVERY, 2000))


def test_scenes_are_taken_where_the_picture_changes_from_the_last_one_taken():
    def shade(offset):
        return 100 if offset < 3000 else 160

    choice = FrameChoice(Taking.SCENES, 1000, 2.0)
    assert [0, 3000] == taken(frames(*range(0, 6000, 200), shade=shade), choice)


def test_a_slow_change_is_seen_as_well():
    choice = FrameChoice(Taking.SCENES, 1000, 2.0)
    found = taken(frames(*range(0, 10_000, 200), shade=lambda offset: 50 + offset // 200), choice)
    assert [0, 5200] == found


def test_scenes_keep_their_distance():
    choice = FrameChoice(Taking.SCENES, 1000, 2.0)
    flicker = frames(*range(0, 3000, 200), shade=lambda offset: 50 if offset // 200 % 2 else 200)
    assert [0, 1000, 2000] == taken(flicker, choice)


def test_a_small_figure_changes_the_cells_it_covers():
    yard, person = np.full((360, 640, 3), 90, np.uint8), np.full((360, 640, 3), 90, np.uint8)
    person[100:220, 300:350] = 200
    assert (36, 64) == raster(yard).shape
    assert 2.0 < changed_percent(raster(yard), raster(person)) < 4.0


def test_a_picture_smaller_than_the_raster_and_one_of_another_size_are_compared():
    small = np.zeros((10, 20, 3), np.uint8)
    assert (10, 20) == raster(small).shape
    assert 100.0 == changed_percent(raster(small), raster(plain(1)))


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=60, unique=True).map(sorted), st.integers(1, 20_000))
def test_no_two_frames_of_one_span_are_taken(offsets, every_ms):
    found = taken(frames(*offsets), FrameChoice(Taking.EVERY, every_ms))
    assert offsets[0] == found[0]
    spans = [each // every_ms for each in found]
    assert len(spans) == len(set(spans))
    assert set(spans) == {each // every_ms for each in offsets}
