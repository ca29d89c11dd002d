"""How dropped answers are counted on a row."""

from dataclasses import replace
from datetime import timedelta

from sightline.models.images import DROPS_LAST, Drops


def test_each_dropped_answer_counts_and_changes_nothing_else(images, story, new_id, clock):
    row = story.begun(new_id())
    images.note_drop(row)
    clock.move(timedelta(minutes=1))
    images.note_drop(images.get(row.image_id))
    assert replace(row, drops=Drops(2, clock.now)) == images.get(row.image_id)


def test_drops_that_are_noted_at_once_all_count(images, story, new_id, clock):
    row = story.begun(new_id())
    for _ in range(3):
        images.note_drop(row)  # as it was seen before the others
    assert Drops(3, clock.now) == images.get(row.image_id).drops


def test_after_a_day_they_are_counted_anew(images, story, new_id, clock):
    row = story.begun(new_id())
    images.note_drop(row)
    clock.move(DROPS_LAST)
    images.note_drop(row)
    assert Drops(1, clock.now) == images.get(row.image_id).drops


def test_a_row_that_is_analysed_meanwhile_keeps_its_drops(images, story, new_id):
    row = story.begun(new_id())
    images.note_drop(row)
    settled = story.complete(row.image_id)
    assert settled.drops == images.get(row.image_id).drops
    assert settled.drops is not None


def test_a_row_that_is_gone_counts_nothing(images, story, new_id):
    nobody = replace(story.begun(new_id()), image_id=new_id())
    images.note_drop(nobody)
    assert images.get(nobody.image_id) is None
