"""Visits of any pictures, in any order."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sightline.models.images import Capture
from sightline.stats.visits import Begun, Glimpse, visits

START = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
GAP = timedelta(seconds=60)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-8))])


def _glimpse(number: int, camera: str, seconds: int, certainty: float = 0.0, zone: timezone = UTC) -> Glimpse:
    taken_at = (START + timedelta(seconds=seconds)).astimezone(zone)
    return Glimpse(f"s3://b/{number:03}", Capture(camera, taken_at, "key"), certainty)


@st.composite
def _pictures(draw):
    places = draw(
        st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 900), st.sampled_from([0.0, 51.0, 99.0]), ZONES))
    )
    return [_glimpse(number, *place) for number, place in enumerate(places)]


@given(_pictures(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_each_picture_is_in_one_visit_whatever_the_order(pictures, random, most):
    found = visits(pictures, GAP, most)
    assert sorted(each.image_id for each in pictures) == sorted(p.image_id for v in found for p in v.pictures)
    shuffled = [*pictures]
    random.shuffle(shuffled)
    assert found == visits(shuffled, GAP, most)


@given(_pictures())
def test_pictures_belong_together_exactly_if_no_gap_parts_them(pictures):
    found = visits(pictures, GAP)
    for visit in found:
        assert {visit.camera} == {each.capture.camera for each in visit.pictures}
        for before, after in pairwise(visit.pictures):
            assert timedelta() <= after.capture.taken_at - before.capture.taken_at <= GAP
    for camera in "ab":
        of_camera = [visit for visit in reversed(found) if visit.camera == camera]
        for earlier, later in pairwise(of_camera):
            assert later.first.capture.taken_at - earlier.last.capture.taken_at > GAP


@given(_pictures())
def test_the_newest_comes_first_and_the_cover_is_the_most_certain(pictures):
    found = visits(pictures, GAP)
    ends = [visit.last.capture.taken_at for visit in found]
    assert sorted(ends, reverse=True) == ends
    for visit in found:
        assert visit.cover in visit.pictures
        assert all(visit.cover.certainty >= each.certainty for each in visit.pictures)


@given(_pictures(), st.integers(1, 5))
def test_visits_are_counted_as_pictures_come_from_the_newest_on(pictures, most):
    begun = Begun(GAP, most)
    for each in sorted(pictures, key=lambda each: each.capture.taken_at, reverse=True):
        before, is_another = begun.number, begun.is_another(each.capture)
        begun.add(each.capture)
        assert is_another == (begun.number == before + 1)
    assert len(visits(pictures, GAP, most)) == begun.number


def test_a_gap_of_exactly_sixty_seconds_parts_nothing():
    assert [2] == [len(visit.pictures) for visit in visits([_glimpse(0, "a", 0), _glimpse(1, "a", 60)], GAP)]
    assert [1, 1] == [len(visit.pictures) for visit in visits([_glimpse(0, "a", 0), _glimpse(1, "a", 61)], GAP)]


def test_a_camera_that_never_rests_makes_visits_of_a_bounded_length():
    found = visits([_glimpse(number, "a", number) for number in range(450)], GAP)
    assert [50, 200, 200] == [len(visit.pictures) for visit in found]


def test_the_earliest_of_equally_certain_pictures_is_the_cover():
    [visit] = visits([_glimpse(0, "a", 9, 99.0), _glimpse(1, "a", 3, 99.0), _glimpse(2, "a", 0, 51.0)], GAP)
    assert "s3://b/001" == visit.cover.image_id
