"""How rows are merged, rejected, gone, opened again and looked at later."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.models.images import Judged, Lane, Rejection, State
from sightline.storage.images.bounds import MAX_MESSAGE_CHARACTERS
from sightline.storage.images.protocol import Postponement
from tests.integration.images.stories import BAD, NO_OBJECT, answered, content


def test_many_rows_are_complete_together_each_by_its_own_version(images, story, new_id):
    rows = [story.analysed(new_id()) for _ in range(30)]
    changed = story.analysed(new_id())
    moved = images.move_capture(changed, story.capture(hours=1))
    versions = {row.image_id: row.version for row in (*rows, changed)} | {new_id(): 1}
    assert {} == images.mark_many_merged(versions)
    assert {} == images.mark_many_merged(versions)
    found = images.get_many(versions)
    for row in rows:
        after = found[row.image_id]
        assert (State.COMPLETE, row.version, None, None) == (
            after.state,
            after.merged_version,
            after.next_check_at,
            after.sent_at,
        )
    assert replace(moved, merged_version=changed.version) == found[changed.image_id]
    assert len(rows) + 1 == len(found)
    assert [changed.image_id] == [each.image_id for each in images.unfinished() if each.image_id in versions]


def test_a_note_of_many_is_the_same_as_a_note_of_one(images, story, new_id):
    one, other = story.analysed(new_id()), story.analysed(new_id())
    images.mark_merged(one.image_id, one.version)
    assert {} == images.mark_many_merged({other.image_id: other.version})
    same = {"image_id": "", "feed_position": "", "received_at": story.clock.now}
    assert replace(images.get(one.image_id), **same) == replace(images.get(other.image_id), **same)


def test_many_rows_are_postponed_together_each_only_if_it_has_not_moved(images, story, new_id, clock):
    rows = [story.received(new_id()) for _ in range(60)]
    failed = images.note_failure(rows[0], BAD)
    moved, complete = story.received(new_id()), story.complete(new_id())
    standing = images.postpone(moved, clock.now + timedelta(minutes=9), counts_round=False)
    until = clock.now + timedelta(minutes=5)
    wanted = [Postponement(row, until, is_sent=True) for row in rows[1:]]
    wanted += [Postponement(failed, until, counts_round=True)]
    wanted += [Postponement(moved, until), Postponement(complete, until)]
    assert {} == images.postpone_many(wanted)
    found = images.get_many(each.seen.image_id for each in wanted)
    assert (1, None, until) == ((row := found[failed.image_id]).rounds, row.failure, row.next_check_at)
    assert {(until, clock.now)} == {
        (found[row.image_id].next_check_at, found[row.image_id].sent_at) for row in rows[1:]
    }
    assert (standing, complete) == (found[moved.image_id], found[complete.image_id])


def test_a_merged_row_is_complete_and_to_say_so_twice_changes_nothing(images, story, new_id):
    row = story.analysed(new_id())
    complete = images.mark_merged(row.image_id, row.version)
    assert (State.COMPLETE, row.version, None) == (complete.state, complete.merged_version, complete.next_check_at)
    assert not complete.is_merge_due
    assert complete == images.mark_merged(row.image_id, row.version) == images.get(row.image_id)


def test_the_merge_of_an_older_version_is_refused_but_what_the_graph_shows_is_noted(images, story, new_id):
    older = story.analysed(new_id())
    row = images.begin(older, content("new"), older.capture, {"labels": "L2"}, Lane.LIVE)
    assert images.mark_merged(older.image_id, older.version) is None
    assert replace(row, merged_version=older.version) == images.get(older.image_id)


def test_what_the_graph_shows_never_falls(images, story, new_id):
    row = story.complete(new_id())
    assert images.mark_merged(row.image_id, row.version - 1) is None
    assert images.mark_merged(row.image_id, row.version + 1) is None
    assert row == images.get(row.image_id)


def test_a_merge_before_the_analysis_is_noted_and_the_row_stays_unfinished(images, story, new_id):
    row = story.begun(new_id())
    expected = replace(row, merged_version=1)
    assert expected == images.mark_merged(row.image_id, 1) == images.get(row.image_id)


def test_a_rejected_image_keeps_why_and_nothing_wanted(images, story, new_id):
    row = story.settled(new_id())
    ended = images.end(row, State.REJECTED, BAD)
    assert (
        ended.state,
        ended.version,
        ended.wanted,
        ended.parts,
        ended.rejection,
    ) == (State.REJECTED, 2, {}, {}, BAD)
    assert (row.content, row.capture, None) == (ended.content, ended.capture, ended.next_check_at)
    assert ended == images.get(row.image_id)


def test_an_image_that_was_never_read_keeps_its_imported_answer_at_its_end(images, new_id):
    image_id, part = new_id(), answered("an imported analysis")
    images.add_imported(image_id, "labels", part)
    ended = images.end(images.get(image_id), State.REJECTED, BAD)
    kept = {"labels": part.analysis_id}, {"labels": part}
    assert (State.REJECTED, 1, *kept) == (ended.state, ended.version, ended.wanted, ended.parts)
    assert ended == images.get(image_id)


def test_to_end_twice_writes_once(images, story, new_id, clock):
    ended = images.end(story.received(new_id()), State.GONE, NO_OBJECT)
    clock.move(timedelta(seconds=1))
    assert ended == images.end(ended, State.GONE, NO_OBJECT) == images.get(ended.image_id)


@pytest.mark.parametrize("etag", ["bad", None])
def test_an_end_keeps_what_it_was_judged_by(images, story, new_id, clock, etag):
    judged = Judged(clock.now, etag)
    ended = images.end(story.begun(new_id()), State.REJECTED, BAD, judged)
    assert replace(ended, judged=judged) == ended == images.get(ended.image_id)


def test_an_end_for_another_object_is_written_though_nothing_else_differs(images, story, new_id, clock):
    ended = images.end(story.received(new_id()), State.REJECTED, BAD, Judged(clock.now, "bad"))
    later = clock.now + timedelta(seconds=1)
    assert ended == images.end(ended, State.REJECTED, BAD, Judged(later, "bad"))
    assert Judged(later, "as bad") == images.end(ended, State.REJECTED, BAD, Judged(later, "as bad")).judged


def test_an_end_of_what_was_seen_before_is_refused(images, story, new_id):
    seen = story.received(new_id())
    row = story.begun(seen.image_id)
    assert images.end(seen, State.REJECTED, BAD) is None
    assert row == images.get(seen.image_id)


def test_only_rejected_and_gone_are_ends(images, story, new_id):
    with pytest.raises(ValueError, match="complete is no end"):
        images.end(story.received(new_id()), State.COMPLETE, BAD)


def test_a_message_that_is_too_long_is_cut_visibly(images, story, new_id):
    row = story.received(new_id())
    long = Rejection("NotAnImage", "m" * 500_000)
    ended = images.end(row, State.REJECTED, long)
    assert (len(ended.rejection.message), ended.rejection.message[-1]) == (MAX_MESSAGE_CHARACTERS, "…")
    assert ended == images.end(ended, State.REJECTED, long)


@pytest.mark.parametrize("state", [State.REJECTED, State.GONE])
def test_an_image_that_the_graph_shows_stays_unfinished_after_its_end_until_that_is_merged(
    images, story, new_id, state
):
    ended = images.end(story.complete(new_id()), state, BAD)
    assert ended.is_merge_due
    assert ended.next_check_at is not None
    merged = images.mark_merged(ended.image_id, ended.version)
    assert (state, ended.version, None) == (merged.state, merged.merged_version, merged.next_check_at)
    assert not merged.is_merge_due


def test_an_end_is_refused_where_a_merge_was_noted_since(images, story, new_id):
    seen = story.analysed(new_id())
    complete = images.mark_merged(seen.image_id, seen.version)
    assert images.end(seen, State.GONE, NO_OBJECT) is None
    assert images.end(complete, State.GONE, NO_OBJECT).is_merge_due


def test_a_merge_that_ends_after_its_image_is_gone_makes_it_unfinished_again(images, story, new_id):
    seen = story.analysed(new_id())
    gone = images.end(seen, State.GONE, NO_OBJECT)
    assert gone.next_check_at is None
    assert images.mark_merged(seen.image_id, seen.version) is None
    row = images.get(seen.image_id)
    assert row.is_merge_due
    assert row.next_check_at is not None


@pytest.mark.parametrize("ending", ["complete", "rejected", "gone"])
def test_begin_opens_a_finished_row_again(images, story, new_id, ending):
    row = story.complete(new_id())
    if ending != "complete":
        row = images.end(row, State(ending), BAD)
    again = images.begin(row, content("new"), row.capture, {"labels": "L2"}, Lane.LIVE)
    assert (State.ANALYSING, row.version + 1, row.merged_version) == (again.state, again.version, again.merged_version)
    assert (again.rejection, again.parts, again.unsettled()) == (None, {}, ["labels"])
    assert again.next_check_at is not None


def test_a_rejected_row_is_opened_even_by_the_same_content_and_nothing_wanted(images, story, new_id):
    row = images.begin(story.received(new_id()), content(), story.capture(), {}, Lane.LIVE)
    ended = images.end(row, State.REJECTED, BAD)
    assert State.ANALYSING is images.begin(ended, content(), row.capture, {}, Lane.LIVE).state


def test_to_postpone_moves_the_check_and_counts_a_round_where_told(images, story, new_id, clock):
    row = story.received(new_id())
    later = clock.now + timedelta(minutes=10)
    once = images.postpone(row, later, counts_round=False)
    twice = images.postpone(once, later + timedelta(minutes=20), counts_round=True)
    assert [(later, 0), (later + timedelta(minutes=20), 1)] == [(r.next_check_at, r.rounds) for r in (once, twice)]
    assert twice == images.get(row.image_id)


def test_to_postpone_what_was_postponed_or_finished_meanwhile_is_refused(images, story, new_id, clock):
    row = story.analysed(new_id())
    later = clock.now + timedelta(hours=1)
    postponed = images.postpone(row, later, counts_round=True)
    assert images.postpone(row, later, counts_round=True) is None
    complete = images.mark_merged(row.image_id, row.version)
    assert images.postpone(postponed, later, counts_round=True) is None
    assert images.postpone(complete, later, counts_round=True) is None
    assert complete == images.get(row.image_id)


def test_progress_forgets_the_rounds(images, story, new_id, clock):
    row = images.postpone(story.settled(new_id()), clock.now + timedelta(hours=1), counts_round=True)
    assert (row.rounds, images.mark_analysed(row).rounds) == (1, 0)


def test_a_failure_is_kept_until_a_round_counts_it(images, story, new_id, clock):
    row = images.note_failure(story.begun(new_id()), BAD)
    assert (BAD, 0) == (row.failure, row.rounds)
    waiting = images.postpone(row, clock.now + timedelta(minutes=3), counts_round=False)
    counted = images.postpone(waiting, clock.now + timedelta(minutes=4), counts_round=True, is_sent=True)
    assert [(BAD, 0), (None, 1)] == [(each.failure, each.rounds) for each in (waiting, counted)]
    assert (row.sent_at, clock.now) == (waiting.sent_at, counted.sent_at)
    assert counted == images.get(row.image_id)


def test_progress_forgets_a_failure(images, story, new_id):
    row = images.note_failure(story.settled(new_id()), BAD)
    assert images.mark_analysed(row).failure is None


def test_a_failure_of_a_row_that_went_on_or_is_finished_is_not_noted(images, story, new_id, clock):
    row = story.begun(new_id())
    images.postpone(row, clock.now + timedelta(hours=1), counts_round=False)
    assert images.note_failure(row, BAD) is None
    assert images.note_failure(story.complete(new_id()), BAD) is None
    assert images.get(row.image_id).failure is None


def test_a_stuck_image_keeps_its_parts_and_is_unfinished_no_more(images, story, new_id):
    row = story.settled(new_id())
    stuck = images.give_up(row, BAD)
    ended = replace(row, state=State.STUCK, rejection=BAD, next_check_at=None, sent_at=None)
    assert replace(ended, listed=row.capture) == stuck
    assert stuck == images.get(row.image_id)
    assert not stuck.is_merge_due


def test_what_went_on_since_it_was_seen_is_not_given_up(images, story, new_id):
    row = story.settled(new_id())
    analysed = images.mark_analysed(row)
    assert images.give_up(row, BAD) is None
    assert images.give_up(story.complete(new_id()), BAD) is None
    assert analysed == images.get(row.image_id)


def test_a_stuck_image_is_begun_anew_by_the_same_content_with_the_parts_it_has(images, story, new_id):
    row = story.settled(new_id())
    stuck = images.give_up(row, BAD)
    again = images.begin(stuck, row.content, row.capture, row.wanted, Lane.LIVE)
    assert (State.ANALYSING, row.version + 1, row.parts, None) == (
        again.state,
        again.version,
        again.parts,
        again.rejection,
    )


def test_a_late_merge_of_a_stuck_image_is_noted_and_it_stays_stuck(images, story, new_id):
    row = story.analysed(new_id())
    images.give_up(row, BAD)
    merged = images.mark_merged(row.image_id, row.version)
    assert (State.STUCK, row.version, None) == (merged.state, merged.merged_version, merged.next_check_at)
