"""What an event asks of an image, by what its row says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.models.images import Content, ImageRow, Judged, Lane, State
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.services.event_decisions import Filter, Wish, decide
from sightline.services.other_files import OWN_FOLDER
from sightline.services.s3_events import Change, ObjectEvent
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.images.positions import position_at

AT = datetime(2026, 11, 27, 7, 58, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)
URI = ObjectUri("images", "yard/a.jpg")
PUT = ObjectEvent(URI, Change.CREATED, AT, "new", 50_000)
GONE = ObjectEvent(URI, Change.REMOVED, AT)
BYTES = Content("sha", "old", 50_000, 800, 600, last_modified=AT - 60 * SECOND)
OWN = Filter(Prefix("own", OWN_FOLDER), (".mp4", ".txt"))


def row(state, content=None, ended_at=None, judged=None):
    position = position_at(ended_at) if ended_at else None
    return ImageRow(str(URI), Lane.LIVE, state, AT, content=content, feed_position=position, judged=judged)


def test_an_unknown_object_is_added_and_an_unknown_removal_is_nothing():
    assert Wish.ADD is decide([PUT], None)
    assert Wish.NOTHING is decide([GONE], None)


def test_an_object_that_came_and_went_at_once_leaves_no_image():
    later = replace(GONE, at=AT + SECOND)
    assert Wish.NOTHING is decide([later, PUT], None)
    assert Wish.ADD is decide([GONE, replace(PUT, at=AT + SECOND)], None)


@pytest.mark.parametrize("state", [State.ANALYSING, State.ANALYSED, State.COMPLETE, State.STUCK])
def test_other_bytes_are_received_and_the_same_are_not(state):
    assert Wish.RECEIVE is decide([PUT], row(state, BYTES))
    assert Wish.NOTHING is decide([replace(PUT, etag="old")], row(state, BYTES))


def test_an_event_of_bytes_that_were_overwritten_before_the_row_was_read_is_nothing():
    late = replace(PUT, at=AT - 61 * SECOND)
    assert Wish.NOTHING is decide([late], row(State.COMPLETE, BYTES))
    assert Wish.RECEIVE is decide([late], row(State.COMPLETE, replace(BYTES, last_modified=None)))


def test_of_several_events_the_greatest_wish_counts():
    same = replace(PUT, etag="old")
    assert Wish.RECEIVE is decide([same, PUT, GONE], row(State.COMPLETE, BYTES))
    assert Wish.LOOK is decide([same, GONE], row(State.COMPLETE, BYTES))


def test_a_received_image_is_looked_at_since_its_bytes_may_have_been_read_before_these():
    assert Wish.LOOK is decide([PUT], row(State.RECEIVED))


@pytest.mark.parametrize("ended_at", [AT - 10 * SECOND, AT + 10 * SECOND])
def test_one_that_was_refused_is_received_for_other_bytes_however_late_its_row_was_written(ended_at):
    judged = Judged(AT - SECOND, "bad")
    assert Wish.RECEIVE is decide([PUT], row(State.REJECTED, ended_at=ended_at, judged=judged))
    assert Wish.NOTHING is decide([replace(PUT, etag="bad")], row(State.REJECTED, ended_at=ended_at, judged=judged))


def test_one_that_was_refused_after_other_bytes_came_has_seen_them():
    judged = Judged(AT + 10 * SECOND, "bad")
    assert Wish.NOTHING is decide([PUT], row(State.REJECTED, ended_at=AT - SECOND, judged=judged))


def test_one_that_was_gone_is_received_for_an_upload_after_it_was_looked_for():
    assert Wish.RECEIVE is decide([PUT], row(State.GONE, BYTES, AT + 10 * SECOND, Judged(AT - SECOND)))
    assert Wish.NOTHING is decide([PUT], row(State.GONE, BYTES, AT - 10 * SECOND, Judged(AT + 10 * SECOND)))


@pytest.mark.parametrize("state", [State.REJECTED, State.GONE])
@pytest.mark.parametrize("etag", ["bad", None])
def test_an_event_without_an_etag_goes_by_its_time(state, etag):
    bare = replace(PUT, etag=None)
    assert Wish.RECEIVE is decide([bare], row(state, judged=Judged(AT - SECOND, etag)))
    assert Wish.NOTHING is decide([bare], row(state, judged=Judged(AT + 10 * SECOND, etag)))


@pytest.mark.parametrize("state", [State.REJECTED, State.GONE])
@pytest.mark.parametrize("content", [None, BYTES])
def test_an_end_from_before_that_was_kept_goes_by_its_time_alone(state, content):
    event = replace(PUT, etag="old")
    assert Wish.RECEIVE is decide([event], row(state, content, ended_at=AT - 10 * SECOND))
    assert Wish.NOTHING is decide([event], row(state, content, ended_at=AT + 10 * SECOND))
    assert Wish.RECEIVE is decide([event], row(state, content))


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_no_time_is_too_far_away(at):
    for each in State:
        assert isinstance(decide([replace(PUT, at=at)], row(each, BYTES, ended_at=AT)), Wish)


def test_an_imported_or_unread_image_is_received():
    assert Wish.RECEIVE is decide([PUT], row(State.IMPORTED))
    assert Wish.RECEIVE is decide([PUT], row(State.STUCK))


@pytest.mark.parametrize("state", State)
def test_a_removal_makes_it_look_and_never_changes_a_row(state):
    is_nothing_new = state in {State.RECEIVED, State.GONE, State.IMPORTED}
    assert (Wish.NOTHING if is_nothing_new else Wish.LOOK) is decide([GONE], row(state, BYTES, ended_at=AT))


def event(key, size=50_000, bucket="images"):
    return ObjectEvent(ObjectUri(bucket, key), Change.CREATED, AT, "new", size)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (event("sightline/held/abc", bucket="own"), "(of sightline itself)"),
        (event("sightline/held/a.jpg", bucket="own"), "(of sightline itself)"),
        (event("sightline/yard/a.jpg"), None),
        (event("yard/a.MP4"), ".mp4"),
        (event("yard/", 0), "(folder)"),
        (event("yard/a.jpg", 0), "(empty)"),
        (event("yard/a.jpg", None), None),
        (event("yard/a.jpg", MAX_BYTES_IN_S3), None),
        (event("yard/a.jpg", MAX_BYTES_IN_S3 + 1), "(over 15 MB)"),
    ],
)
def test_what_is_no_image_is_skipped_before_a_row_exists(told, why):
    assert why == OWN.why_skipped(told, None)


def test_an_image_that_is_known_stays_one_whatever_its_suffix_and_size():
    known = row(State.COMPLETE, BYTES)
    assert OWN.why_skipped(event("yard/a.mp4", 0), known) is None
    assert OWN.why_skipped(event("yard/a.jpg", 0), row(State.REJECTED)) is None
    assert OWN.why_skipped(event("yard/a.mp4"), row(State.IMPORTED)) == ".mp4"
    assert OWN.why_skipped(event("sightline/a.jpg", bucket="own"), known) == "(of sightline itself)"
