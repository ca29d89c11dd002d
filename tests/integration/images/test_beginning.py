"""How an image store fixes what is to be analysed: once, twice and in a race."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from sightline.models.images import Capture, Content, Lane, State
from sightline.storage.images.transitions import new_row
from tests.integration.images.stories import BAD, NO_OBJECT, answered, content


def test_begin_fixes_content_capture_and_wanted(images, story, new_id, clock):
    seen = story.received(new_id())
    clock.move(timedelta(seconds=10))
    wanted = {"labels": "L1", "text.lines": "T1"}
    row = images.begin(seen, content(), story.capture(), wanted, Lane.BACKFILL)
    expected = replace(
        seen,
        lane=Lane.BACKFILL,
        state=State.ANALYSING,
        version=1,
        content=content(),
        capture=story.capture(),
        wanted=wanted,
        next_check_at=clock.now + timedelta(minutes=2),
        sent_at=clock.now,
    )
    assert expected == row == images.get(seen.image_id)
    assert row.unsettled() == ["labels", "text.lines"]


def test_of_two_begins_from_one_seen_row_one_wins(images, story, new_id):
    seen = story.received(new_id())
    with ThreadPoolExecutor(2) as pool:
        rows = list(
            pool.map(lambda name: images.begin(seen, content(name), story.capture(), {"labels": name}, Lane.LIVE), "ab")
        )
    [winner] = [row for row in rows if row]
    assert winner == images.get(seen.image_id)
    assert winner.version == 1


def test_begin_with_what_is_already_there_writes_nothing(images, story, new_id, clock):
    row = story.complete(new_id())
    clock.move(timedelta(minutes=1))
    assert row == images.begin(row, row.content, row.capture, {"labels": "L1"}, Lane.BACKFILL)
    assert row == images.get(row.image_id)


def test_begin_with_what_was_there_is_refused_where_the_row_went_on(images, story, new_id):
    seen = story.begun(new_id())
    images.begin(seen, content("new"), story.capture(), {"labels": "L2"}, Lane.LIVE)
    assert images.begin(seen, seen.content, seen.capture, seen.wanted, Lane.LIVE) is None


@pytest.mark.parametrize("name", ["content", "new"])
def test_begin_is_refused_where_the_row_got_stuck_since(images, story, new_id, name):
    seen = story.begun(new_id())
    stuck = images.give_up(seen, BAD)
    assert images.begin(seen, content(name), seen.capture, seen.wanted, Lane.LIVE) is None
    assert stuck == images.get(seen.image_id)


def test_an_image_that_was_received_again_is_not_ended_by_what_looked_at_it_before(images, story, new_id):
    seen = images.end(story.received(new_id()), State.REJECTED, BAD)
    images.add(seen.image_id, Lane.LIVE)
    assert images.end(seen, State.GONE, NO_OBJECT) is None
    assert images.end(seen, State.REJECTED, BAD) is None
    assert State.RECEIVED is images.get(seen.image_id).state


def test_begin_twice_writes_once_in_the_hour_when_clocks_go_back(images, story, new_id):
    taken_at = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    capture = Capture(story.camera, taken_at, "key")
    first = images.begin(story.received(new_id()), content(), capture, {"labels": "L1"}, Lane.LIVE)
    assert first == images.begin(first, content(), capture, {"labels": "L1"}, Lane.LIVE)
    assert timedelta(hours=1) == first.capture.taken_at.utcoffset()


def test_a_capture_time_without_offset_is_refused(images, story, new_id):
    naive = Capture(story.camera, datetime(2024, 5, 1), "key")  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="no UTC offset"):
        images.begin(story.received(new_id()), content(), naive, {}, Lane.LIVE)


def test_the_capture_day_is_the_cameras_own(images, story, new_id):
    late_evening = datetime(2024, 5, 1, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    capture = Capture(story.camera, late_evening, "exif")
    row = story.looked_at(images.begin(story.received(new_id()), content(), capture, {}, Lane.LIVE))
    assert (row.capture.day, images.get(row.image_id).capture.taken_at.hour) == ("2024-05-01", 23)
    assert [row.image_id] == [each.image_id for each in images.by_day(story.camera, "2024-05-01")]


def test_to_begin_again_keeps_the_parts_that_are_still_wanted(images, story, new_id):
    seen = story.begun(new_id(), labels="L1", faces="F1", text="T1")
    for feature, analysis_id in (("labels", "L1"), ("text", "T1")):
        images.write_result(seen.image_id, feature, answered(analysis_id))
    again = images.begin(seen, content(), seen.capture, {"labels": "L1", "faces": "F2"}, Lane.LIVE)
    assert ({"labels": answered("L1")}, 2, ["faces"]) == (again.parts, again.version, again.unsettled())


def uploaded(at: datetime) -> Content:
    return replace(content(), last_modified=at)


def test_the_same_bytes_uploaded_again_are_taken_note_of_while_calls_are_due(images, story, new_id, clock):
    first, second = uploaded(clock.now), uploaded(clock.now + timedelta(seconds=1))
    row = images.begin(story.received(new_id()), first, story.capture(), {"labels": "L1", "text": "T1"}, Lane.LIVE)
    images.write_result(row.image_id, "labels", answered("L1"))
    again = images.begin(row, second, row.capture, row.wanted, Lane.LIVE)
    assert (second, 2, ["text"]) == (again.content, again.version, again.unsettled())
    assert again == images.get(row.image_id)


def test_the_same_bytes_uploaded_again_change_nothing_of_a_complete_row(images, story, new_id, clock):
    row = story.complete(new_id())
    assert row == images.begin(row, uploaded(clock.now), row.capture, row.wanted, Lane.LIVE)
    assert row == images.get(row.image_id)


def test_an_equal_instant_in_another_zone_is_another_capture(images, story, new_id):
    row = story.complete(new_id())
    moved = replace(row.capture, taken_at=row.capture.taken_at.astimezone(timezone(timedelta(hours=14))))
    begun = images.begin(row, row.content, moved, {"labels": "L1"}, Lane.LIVE)
    assert (State.ANALYSING, timedelta(hours=14)) == (
        begun.state,
        images.get(row.image_id).capture.taken_at.utcoffset(),
    )


def test_a_capture_keeps_all_that_is_said_of_it(images, story, new_id):
    seen = story.received(new_id())
    capture = replace(story.capture(), ignored=("EXIF is malformed", "x"), doubt="ahead of its upload")
    begun = images.begin(seen, content(), capture, {"labels": "L1"}, Lane.LIVE)
    assert capture == begun.capture == images.get(seen.image_id).capture
    story.looked_at(begun)
    assert [capture] == [each.capture for each in images.by_day(capture.camera, capture.day)]


def test_a_complete_image_that_moves_must_be_shown_again(images, story, new_id):
    row = story.complete(new_id())
    before = row.capture
    later = replace(
        before, taken_at=before.taken_at + timedelta(days=400), source="clock", read_at=before.taken_at,
        read_source=before.source, correction=1,
    )  # fmt: skip
    moved = images.move_capture(row, later)
    assert moved == images.get(row.image_id)
    assert (later, State.ANALYSED, row.version + 1, True) == (
        moved.capture, moved.state, moved.version, moved.is_merge_due,
    )  # fmt: skip
    assert row.feed_position < moved.feed_position
    assert row.image_id in {each.image_id for each in images.by_day(later.camera, later.day)}
    assert row.image_id not in {each.image_id for each in images.by_day(before.camera, before.day)}
    assert images.move_capture(row, later) is None
    back = images.move_capture(moved, before)
    assert before == back.capture == images.get(row.image_id).capture


def test_an_image_in_analysis_does_not_move(images, story, new_id):
    row = story.begun(new_id())
    assert images.move_capture(row, row.capture) is None


def test_a_new_row_is_begun_without_having_been_read(images, story, new_id, clock):
    image_id = new_id()
    images.add(image_id, Lane.LIVE)
    assumed = new_row(image_id, Lane.LIVE, clock.now)
    row = images.begin(assumed, content(), story.capture(), {"labels": "L1"}, Lane.LIVE)
    assert (State.ANALYSING, 1, {"labels": "L1"}) == (row.state, row.version, row.wanted)
    assert row == images.get(image_id)
    assert images.begin(assumed, content("other"), story.capture(), {"labels": "L2"}, Lane.LIVE) is None
    assert row == images.get(image_id)


def test_a_row_that_is_not_there_is_not_begun(images, story, new_id, clock):
    image_id = new_id()
    assumed = new_row(image_id, Lane.LIVE, clock.now)
    assert images.begin(assumed, content(), story.capture(), {"labels": "L1"}, Lane.LIVE) is None
    assert images.get(image_id) is None


def test_an_imported_row_that_is_received_is_not_begun_by_who_takes_it_for_new(images, story, new_id, clock):
    image_id = new_id()
    assert images.add_imported(image_id, "labels", answered("imported", ("Fox", 90.0)))
    images.add(image_id, Lane.LIVE)
    received = images.get(image_id)
    assumed = new_row(image_id, Lane.LIVE, clock.now)
    assert images.begin(assumed, content(), story.capture(), {"labels": "L1"}, Lane.LIVE) is None
    assert received == images.get(image_id)
    begun = images.begin(received, content(), story.capture(), {"labels": "imported"}, Lane.LIVE)
    assert received.parts == begun.parts


def test_a_row_that_was_refused_before_it_was_read_is_not_begun_by_who_takes_it_for_new(images, story, new_id, clock):
    seen = story.received(new_id())
    images.give_up(seen, BAD)
    images.add(seen.image_id, Lane.LIVE)
    received = images.get(seen.image_id)
    assumed = new_row(seen.image_id, Lane.LIVE, clock.now)
    assert images.begin(assumed, content(), story.capture(), {"labels": "L1"}, Lane.LIVE) is None
    assert images.begin(received, content(), story.capture(), {"labels": "L1"}, Lane.LIVE).rejection is None
