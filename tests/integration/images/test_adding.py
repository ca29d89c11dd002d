"""What every image store does with images that it does not know yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from sightline.errors import InvalidUri
from sightline.models.images import ImageRow, Lane, State
from sightline.storage.dynamodb.table import BATCH_WRITE_LIMIT
from sightline.storage.images.dynamodb import WRITING_THREADS
from tests.integration.images.stories import BAD, NO_OBJECT, answered


def test_a_store_can_be_set_up_again_and_then_used(images, story, new_id):
    row = story.received(new_id())
    images.setup()
    images.check()
    assert row == images.get(row.image_id)


def test_a_new_image_is_received_and_due_for_a_check_in_two_minutes(images, new_id, clock):
    image_id = new_id()
    assert images.add(image_id, Lane.BACKFILL)
    expected = ImageRow(
        image_id,
        Lane.BACKFILL,
        State.RECEIVED,
        clock.now,
        next_check_at=clock.now + timedelta(minutes=2),
        sent_at=clock.now,
    )
    assert expected == images.get(image_id)


def test_to_add_an_image_again_leaves_its_row_as_it_is(images, story, new_id):
    row = story.begun(new_id())
    assert not images.add(row.image_id, Lane.BACKFILL)
    assert row == images.get(row.image_id)


def test_an_imported_image_has_its_answer_and_waits_for_nothing(images, new_id, clock):
    image_id, part = new_id(), answered("an imported analysis")
    assert images.add_imported(image_id, "labels", part)
    wanted = {"labels": part.analysis_id}
    row = ImageRow(image_id, Lane.BACKFILL, State.IMPORTED, clock.now, wanted=wanted, parts={"labels": part})
    assert row == images.get(image_id)
    assert not images.add_imported(image_id, "labels", part)
    assert row == images.get(image_id)


ENDED = {
    "rejected": lambda images, seen: images.end(seen, State.REJECTED, BAD),
    "gone": lambda images, seen: images.end(seen, State.GONE, NO_OBJECT),
    "stuck": lambda images, seen: images.give_up(seen, BAD),
}


@pytest.mark.parametrize("end", ENDED.values(), ids=ENDED)
def test_to_add_an_image_that_has_ended_makes_it_due_and_keeps_what_is_known_of_it(images, story, new_id, clock, end):
    ended = end(images, story.settled(new_id()))
    clock.move(timedelta(hours=1))
    assert not images.add(ended.image_id, Lane.BACKFILL)
    due = {"next_check_at": clock.now + timedelta(minutes=2), "sent_at": clock.now}
    assert replace(ended, state=State.RECEIVED, lane=Lane.BACKFILL, **due) == images.get(ended.image_id)
    assert ended.image_id in {each.image_id for each in images.unfinished()}


def test_an_overwritten_image_is_received_once_whatever_its_state_and_keeps_what_is_known(images, story, new_id, clock):
    complete = story.complete(new_id())
    clock.move(timedelta(hours=1))
    due = {"next_check_at": clock.now + timedelta(minutes=2), "sent_at": clock.now}
    expected = replace(complete, state=State.RECEIVED, lane=Lane.BACKFILL, **due)
    assert expected == images.receive(complete, Lane.BACKFILL) == images.get(complete.image_id)
    assert images.receive(complete, Lane.LIVE) is None
    assert complete.image_id in {each.image_id for each in images.unfinished()}


def test_to_add_an_imported_image_makes_it_due_and_keeps_its_answer(images, new_id, clock):
    image_id, part = new_id(), answered("an imported analysis")
    images.add_imported(image_id, "labels", part)
    imported = images.get(image_id)
    assert [(image_id, False)] == list(images.add_many([image_id], Lane.LIVE))
    due = {"next_check_at": clock.now + timedelta(minutes=2), "sent_at": clock.now}
    assert replace(imported, state=State.RECEIVED, lane=Lane.LIVE, **due) == images.get(image_id)


def test_an_image_that_got_stuck_and_was_added_again_is_begun_though_nothing_of_it_changed(images, story, new_id):
    stuck = images.give_up(story.settled(new_id()), BAD)
    images.add(stuck.image_id, Lane.LIVE)
    row = images.get(stuck.image_id)
    begun = images.begin(row, row.content, row.capture, row.wanted, Lane.LIVE)
    assert (State.ANALYSING, row.version + 1, None, row.parts) == (
        begun.state,
        begun.version,
        begun.rejection,
        begun.parts,
    )


def test_an_unknown_image_has_no_row_and_no_step_makes_one(images, new_id):
    image_id = new_id()
    unknown = ImageRow(image_id, Lane.LIVE, State.ANALYSING, datetime(2024, 1, 1, tzinfo=UTC), version=1)
    assert images.write_result(image_id, "labels", answered("L1")) is None
    assert images.mark_analysed(unknown) is None
    assert images.mark_merged(image_id, 0) is None
    assert images.end(unknown, State.GONE, NO_OBJECT) is None
    assert images.postpone(unknown, datetime(2024, 1, 2, tzinfo=UTC), counts_round=True) is None
    assert images.get(image_id) is None


def test_many_images_are_added_and_each_says_whether_it_was_new(images, new_id):
    ids = [new_id() for _ in range(60)]
    images.add(ids[7], Lane.LIVE)
    expected = {image_id: image_id != ids[7] for image_id in ids}
    assert expected == dict(images.add_many(iter(ids), Lane.BACKFILL))
    assert images.get(ids[7]).lane is Lane.LIVE


def test_adding_many_takes_ids_only_as_outcomes_are_taken(images, new_id):
    taken = []

    def endless():
        while True:
            taken.append(new_id())
            yield taken[-1]

    outcomes = images.add_many(endless(), Lane.LIVE)
    first = list(islice(outcomes, 5))
    outcomes.close()
    assert [is_new for _, is_new in first] == [True] * 5
    assert len(taken) <= BATCH_WRITE_LIMIT * (WRITING_THREADS + 1)


def test_an_id_that_comes_twice_is_new_once(images, new_id):
    twice, other = new_id(), new_id()
    assert [(twice, True), (other, True), (twice, False)] == list(images.add_many([twice, other, twice], Lane.LIVE))


def test_of_many_added_images_those_that_had_ended_are_received_again_and_others_stay(images, story, new_id, clock):
    gone, settled = ENDED["gone"](images, story.settled(new_id())), story.settled(new_id())
    clock.move(timedelta(hours=1))
    added = dict(images.add_many([gone.image_id, settled.image_id, new_id()], Lane.BACKFILL))
    assert [False, False, True] == list(added.values())
    due = {"next_check_at": clock.now + timedelta(minutes=2), "sent_at": clock.now}
    assert replace(gone, state=State.RECEIVED, lane=Lane.BACKFILL, **due) == images.get(gone.image_id)
    assert settled == images.get(settled.image_id)


def test_many_rows_are_read_at_once_and_missing_ones_are_left_out(images, new_id):
    ids = [new_id() for _ in range(130)]
    list(images.add_many(ids, Lane.LIVE))
    found = images.get_many([*ids, ids[0], new_id()])
    assert set(ids) == set(found)
    assert images.get(ids[3]) == found[ids[3]]


@pytest.mark.parametrize(
    "key",
    ['it\'s "quoted"', "back\\slash", "😀 é é", "line\nbreak\ttab", "x" * 1024, "é" * 512, "a//b/../c%2F+ #?"],
    ids=["quotes", "backslash", "emoji", "newline", "1024 bytes", "1024 bytes of two", "what URIs reserve"],
)
def test_any_key_round_trips_through_row_and_index(images, story, key):
    image_id = f"s3://{story.camera}/{key}"
    row = story.analysed(image_id)
    assert image_id == images.get(image_id).image_id
    assert [image_id] == list(images.get_many([image_id]))
    assert [image_id] == [entry.image_id for entry in images.by_day(story.camera, row.capture.day)]


@pytest.mark.parametrize("image_id", ["s3://bucket/\ud800.jpg", "", "s3://bucket/" + "x" * 2048])
def test_an_id_that_can_not_be_kept_is_refused(images, image_id):
    for use in (lambda: images.add(image_id, Lane.LIVE), lambda: images.get(image_id)):
        with pytest.raises(InvalidUri):
            use()
