"""What the three indexes hold as a row goes on: unfinished rows, the feed, and a camera's day."""

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from sightline.models.images import FeedEntry, ImageSummary, Lane, State, Unfinished
from sightline.storage.images.keys import day_position, shard_of, write_day_of
from sightline.storage.images.positions import AFTER_ALL, BEFORE_ALL
from sightline.storage.images.protocol import DayPart, Postponement
from sightline.storage.images.transitions import ENDED
from tests.integration.images.conftest import SHARDS
from tests.integration.images.stories import BAD, Story, answered, content


def unfinished_of(images, image_id, due_before=None):
    return [entry for entry in images.unfinished(due_before) if entry.image_id == image_id]


def whole_feed(images, day):
    return [entry for shard in range(images.shards.feed) for entry in images.feed(shard, day, BEFORE_ALL, AFTER_ALL)]


def test_a_row_is_unfinished_until_it_is_merged(images, story, new_id):
    image_id = new_id()
    steps = [story.received, story.begun, story.settled, story.analysed]
    for step in steps:
        row = step(image_id)
        expected = [Unfinished(image_id, row.state, row.version, row.next_check_at)]
        assert expected == unfinished_of(images, image_id)
        image_id = new_id()
    assert unfinished_of(images, story.complete(new_id()).image_id) == []


@pytest.mark.parametrize("state", [State.REJECTED, State.GONE])
def test_an_ended_row_is_finished_unless_the_graph_shows_it(images, story, new_id, state):
    never_shown = images.end(story.begun(new_id()), state, BAD)
    shown = images.end(story.complete(new_id()), state, BAD)
    assert unfinished_of(images, never_shown.image_id) == []
    assert [state] == [entry.state for entry in unfinished_of(images, shown.image_id)]
    images.mark_merged(shown.image_id, shown.version)
    assert unfinished_of(images, shown.image_id) == []


def test_rows_are_counted_by_state_until_they_are_complete(images, story, new_id):
    before = images.count_by_state().by_state
    for step in (story.received, story.begun, story.settled, story.analysed, story.complete):
        step(new_id())
    images.end(story.begun(new_id()), State.REJECTED, BAD)
    images.end(story.complete(new_id()), State.GONE, BAD)
    reopened = images.end(story.begun(new_id()), State.GONE, BAD)
    images.begin(reopened, content("new"), story.capture(), {"labels": "L2"}, Lane.LIVE)
    images.give_up(story.begun(new_id()), BAD)
    images.add_imported(new_id(), "labels", answered("an imported analysis"))
    after = images.count_by_state().by_state
    grown = {state: after.get(state, 0) - before.get(state, 0) for state in State}
    assert grown == {
        State.RECEIVED: 1,
        State.ANALYSING: 3,
        State.ANALYSED: 1,
        State.COMPLETE: 0,
        State.REJECTED: 1,
        State.GONE: 1,
        State.STUCK: 1,
        State.IMPORTED: 1,
    }


def test_a_row_begun_again_is_unfinished_again(images, story, new_id):
    row = story.complete(new_id())
    images.begin(row, content("new"), row.capture, {"labels": "L2"}, Lane.LIVE)
    assert [entry.state for entry in unfinished_of(images, row.image_id)] == [State.ANALYSING]


def test_if_there_are_too_many_to_be_counted_the_indexes_own_counts_are_told_as_such(images, story, new_id):
    for _ in range(5):
        story.received(new_id())
        images.give_up(story.begun(new_id()), BAD)
    exact, told = images.count_by_state(), images.count_by_state(most=1, most_of_an_ended_state=1)
    assert {} == exact.plus_minus
    assert {None} == set(told.plus_minus.values())
    assert State.STUCK in told.plus_minus
    waiting = sum(1 for each in images.unfinished())
    assert 1 <= sum(number for state, number in told.by_state.items() if state not in ENDED) <= waiting


def test_only_what_is_due_is_given_where_a_time_is_given(images, story, new_id, clock):
    row = story.received(new_id())
    assert unfinished_of(images, row.image_id, row.next_check_at) == []
    assert len(unfinished_of(images, row.image_id, row.next_check_at + timedelta(microseconds=1))) == 1
    later = images.postpone(row, clock.now + timedelta(hours=1), counts_round=True)
    assert unfinished_of(images, row.image_id, row.next_check_at + timedelta(microseconds=1)) == []
    assert [later.next_check_at] == [entry.next_check_at for entry in unfinished_of(images, row.image_id)]


def test_unfinished_rows_come_by_shard_and_soonest_first(images, story, new_id, clock):
    due: dict[Any, Any] = {}
    shards = images.shards.unfinished
    while len({shard_of(image_id, shards) for image_id in due}) < shards or len(due) < 12:
        row = story.received(new_id())
        due[row.image_id] = row.next_check_at
        clock.move(timedelta(seconds=7))
    expected = sorted(due, key=lambda image_id: (shard_of(image_id, shards), due[image_id]))
    assert expected == [entry.image_id for entry in images.unfinished() if entry.image_id in due]


def test_a_shard_is_read_on_from_any_place_also_one_where_no_entry_stands_any_more(images, story, new_id, clock):
    before, shard = clock.now + timedelta(days=1), 1
    in_shard = (image_id for image_id in iter(new_id, None) if shard_of(image_id, images.shards.unfinished) == shard)
    rows = [story.received(image_id) for image_id in islice(in_shard, 5)]
    clock.move(timedelta(seconds=7))
    rows += [story.received(image_id) for image_id in islice(in_shard, 5)]
    ours = {row.image_id for row in rows}

    def due(after=None, before=before):
        return [entry for entry in images.due(shard, before, after) if entry.image_id in ours]

    entries = due()
    assert [row.next_check_at for row in rows] == [entry.next_check_at for entry in entries]
    assert entries[3:] == due(entries[2].place)
    moved = images.get(entries[2].image_id)
    images.postpone(moved, before, counts_round=False)
    assert entries[3:] == due(entries[2].place)
    assert [] == due(entries[-1].place)
    assert [] == due(entries[3].place, before=entries[3].next_check_at)


def test_the_feed_holds_what_was_analysed_or_ended_in_the_order_of_writing(images, story, new_id, clock):
    day = clock.now.date().isoformat()
    story.settled(new_id())
    written = []
    for step in range(12):
        row = story.settled(new_id())
        clock.move(timedelta(milliseconds=step % 3))  # several share a millisecond
        written.append(images.end(row, State.GONE, BAD) if step % 4 == 0 else images.mark_analysed(row))
    in_order = sorted(whole_feed(images, day), key=lambda entry: entry.position)
    assert [FeedEntry(row.image_id, 2, row.feed_position, row.capture.camera_day) for row in written] == in_order
    for shard in range(images.shards.feed):
        entries = list(images.feed(shard, day, BEFORE_ALL, AFTER_ALL))
        assert entries == [e for e in in_order if shard_of(e.image_id, images.shards.feed) == shard]


def test_a_row_stands_in_the_feed_once_at_its_last_write(images, story, new_id, clock):
    day = clock.now.date().isoformat()
    first = story.complete(new_id())
    clock.move(timedelta(hours=1))
    last = images.end(first, State.GONE, BAD)
    assert last.feed_position > first.feed_position
    assert [FeedEntry(last.image_id, 3, last.feed_position, last.capture.camera_day)] == whole_feed(images, day)


def test_a_change_of_version_alone_shows_at_the_old_place_in_the_feed(images, story, new_id, clock):
    row = story.complete(new_id())
    images.begin(row, content("new"), row.capture, {"labels": "L2"}, Lane.LIVE)
    expected = [FeedEntry(row.image_id, 3, row.feed_position, row.capture.camera_day)]
    assert expected == whole_feed(images, clock.now.date().isoformat())


def test_the_feed_is_read_from_after_one_position_up_to_another(images, story, new_id):
    shard = 1
    of_the_shard = (image_id for image_id in iter(new_id, None) if shard_of(image_id, images.shards.feed) == shard)
    positions = [story.analysed(image_id).feed_position for image_id in islice(of_the_shard, 6)]
    day = write_day_of(positions[0])
    given = [entry.position for entry in images.feed(shard, day, positions[0], positions[-2])]
    assert positions[1:-1] == given
    assert list(images.feed(shard, day, positions[2], positions[2])) == []
    assert list(images.feed(shard, day, positions[2], positions[1])) == []
    assert positions == [entry.position for entry in images.feed(shard, day, "", AFTER_ALL)]
    assert positions == [entry.position for entry in images.feed(shard, day, "", AFTER_ALL, page=1)]


def test_the_feed_is_parted_by_utc_days_of_writing(images, story, new_id, clock):
    clock.now = clock.now.replace(hour=23, minute=59, second=59)
    yesterday = story.analysed(new_id())
    clock.move(timedelta(hours=20))
    today = story.analysed(new_id())
    for row in (yesterday, today):
        day = write_day_of(row.feed_position)
        assert [row.image_id] == [entry.image_id for entry in whole_feed(images, day)]


def test_positions_rise_where_the_clock_steps_back(story, new_id, clock):
    first = story.analysed(new_id())
    clock.move(timedelta(hours=-5))
    assert story.analysed(new_id()).feed_position > first.feed_position


def test_a_day_gives_findings_in_order_of_capture(images, story, new_id, camera):
    ids = [new_id() for _ in range(4)]
    for image_id, minute in zip(ids, (30, 10, 20, 10), strict=True):
        seen = story.received(image_id)
        row = images.begin(seen, content(image_id), story.capture(minutes=minute), {"labels": "L1"}, Lane.LIVE)
        story.looked_at(row)
    images.write_result(row.image_id, "labels", answered("L1", ("Person", 90.25)))
    given = list(images.by_day(camera, row.capture.day))
    assert [ids[1], ids[3], ids[2], ids[0]] == [entry.image_id for entry in given]
    part = {"labels": answered("L1", ("Person", 90.25))}
    expected = ImageSummary(row.image_id, State.ANALYSING, 1, row.capture, row.content.sha256, part)
    assert [expected, replace(expected, image_id=ids[1], content_sha256=ids[1], parts={})] == [given[1], given[0]]


def test_a_day_is_read_with_the_results_of_some_features_alone(images, story, new_id, camera):
    """Everything else of an entry is the same, as the upload time that its content says, if it does."""
    uploaded = replace(content("c"), last_modified=story.clock.now)
    first = images.begin(story.received(new_id()), uploaded, story.capture(), {"labels": "L1", "text": "T1"}, Lane.LIVE)
    story.begun(second := new_id(), labels="L1", text="T1")
    results = {"labels": answered("L1", ("Person", 90.25)), "text": answered("T1", ("EXIT", 80.5))}
    for image_id, feature in [(first.image_id, "labels"), (first.image_id, "text"), (second, "text")]:
        images.write_result(image_id, feature, results[feature])
    for image_id in (first.image_id, second):
        story.looked_at(images.get(image_id))
    day = first.capture.day
    whole = {each.image_id: each for each in images.by_day(camera, day)}
    assert {first.image_id: results, second: {"text": results["text"]}} == {name: whole[name].parts for name in whole}
    for features in [("labels",), ("labels", "text"), ("faces",), ()]:
        expected = {
            name: replace(each, parts={feature: each.parts[feature] for feature in features if feature in each.parts})
            for name, each in whole.items()
        }
        assert expected == {each.image_id: each for each in images.by_day(camera, day, DayPart(features=features))}


@pytest.mark.parametrize("page", [None, 1, 2])
def test_a_part_of_a_day_is_read_from_either_end(images, story, new_id, camera, page):
    captures = {new_id(): story.capture(minutes=minute) for minute in range(5)}
    for image_id, capture in captures.items():
        story.looked_at(images.begin(story.received(image_id), content(), capture, {}, Lane.LIVE))
    ids, day = [*captures], story.capture().day
    places = [day_position(image_id, capture) for image_id, capture in captures.items()]

    def read(**part):
        return [each.image_id for each in images.by_day(camera, day, DayPart(page=page, **part))]

    assert ids[2:] == read(after=places[1])
    assert ids[:2] == read(before=places[2])
    assert ids[2:4] == read(after=places[1], before=places[4])
    assert ids[3:1:-1] == read(after=places[1], before=places[4], newest_first=True)
    assert ids[::-1] == read(newest_first=True)
    assert [] == read(after=places[2], before=places[2]) == read(after=places[3], before=places[1])
    assert [] == read(after=places[2], before=places[3])


def test_a_day_holds_its_own_camera_and_day_only(images, story, camera, clock):
    for name, shift in ((camera, 0), (camera, 24), (f"{camera}#2", 0), (f"{camera}-other", 0)):
        story.camera = name
        capture = story.capture(hours=shift)
        story.looked_at(images.begin(story.received(f"s3://b/{name}/{shift}"), content(), capture, {}, Lane.LIVE))
    day = clock.now.date().isoformat()
    assert [f"s3://b/{camera}/0"] == [entry.image_id for entry in images.by_day(camera, day)]


def test_an_image_whose_capture_changed_moves_to_its_new_day(images, story, new_id, camera):
    row = story.begun(new_id())
    images.begin(row, content("new"), story.capture(days=2), {"labels": "L2"}, Lane.LIVE)
    assert list(images.by_day(camera, row.capture.day)) == []
    assert [row.image_id] == [each.image_id for each in images.by_day(camera, story.capture(days=2).day)]


@pytest.mark.parametrize("shards", [1, SHARDS.day])
def test_a_day_is_asked_for_once_in_each_shard_however_little_is_taken(
    real_images, camera, clock, dynamodb_client, shards
):
    story, asked = Story(real_images, camera, clock), []
    if shards > 1:
        real_images._spread.spread(f"{camera}#{story.capture().day}")
    for number in range(12):
        clock.move(timedelta(seconds=1))
        row = story.analysed(f"s3://b/{camera}/{number}")
    dynamodb_client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params), unique_id="asked"
    )
    for page, taken in ((None, 12), (1, 1), (12, 4)):
        asked.clear()
        places = list(islice(real_images.by_day(camera, row.capture.day, DayPart(page=page, newest_first=True)), taken))
        assert (taken, row.image_id, shards) == (len(places), places[0].image_id, len(asked)), page
        limit = {None: None, 1: 1, 12: 12 if shards == 1 else 4 + 2 * 2}[page]
        assert [limit] * shards == [each.get("Limit") for each in asked]
    dynamodb_client.meta.events.unregister("provide-client-params.dynamodb.Query", unique_id="asked")


def test_an_image_is_in_its_day_from_its_first_result_or_look_on_and_for_ever(images, story, new_id, camera):
    def is_in_day(image_id):
        return image_id in {each.image_id for each in images.by_day(camera, story.capture().day)}

    begun = story.begun(new_id())
    images.write_result(begun.image_id, "labels", answered("L1"))
    assert not is_in_day(begun.image_id)
    steps = {
        "analysed": images.mark_analysed(images.get(begun.image_id)),
        "late": story.looked_at(story.begun(new_id())),
        "stuck": images.give_up(story.begun(new_id()), BAD),
        "rejected": images.end(story.begun(new_id()), State.REJECTED, BAD),
        "gone": images.end(story.begun(new_id()), State.GONE, BAD),
    }
    for name, row in steps.items():
        assert is_in_day(row.image_id), name
        assert row == images.get(row.image_id), name
        images.add(row.image_id, Lane.LIVE)
        again = images.begin(images.get(row.image_id), content("new"), row.capture, {"labels": "L2"}, Lane.LIVE)
        assert (True, again.capture) == (is_in_day(row.image_id), again.listed), name


def test_rows_that_are_late_together_are_in_their_day(images, story, new_id, camera):
    rows = [story.begun(new_id()) for _ in range(3)]
    until = rows[0].next_check_at + timedelta(hours=1)
    assert {} == images.postpone_many([Postponement(row, until) for row in rows])
    assert {row.image_id for row in rows} == {each.image_id for each in images.by_day(camera, rows[0].capture.day)}


def test_an_image_begun_again_by_who_saw_it_before_it_was_listed_moves_with_its_capture(images, story, new_id, camera):
    seen = story.begun(new_id())
    story.looked_at(seen)
    later = story.capture(days=2)
    assert later == images.begin(seen, content("new"), later, {"labels": "L2"}, Lane.LIVE).listed
    assert [] == list(images.by_day(camera, seen.capture.day))
    assert [seen.image_id] == [each.image_id for each in images.by_day(camera, later.day)]


def test_an_image_that_never_was_an_image_stands_in_no_day(images, story, new_id):
    ended = images.end(story.received(new_id()), State.REJECTED, BAD)
    assert None is ended.capture
    assert unfinished_of(images, ended.image_id) == []


def test_a_scan_gives_every_row_and_the_count_its_age(images, story, new_id):
    rows = {row.image_id: row for row in (story.received(new_id()), story.complete(new_id()))}
    scanned = {row.image_id: row for row in images.scan() if row.image_id in rows}
    assert rows == scanned
    in_order = [row.image_id for row in images.scan()]
    assert in_order[1:] == [row.image_id for row in images.scan(after=in_order[0])]
    number, age = images.count()
    assert number >= 2
    assert age >= timedelta(0)
