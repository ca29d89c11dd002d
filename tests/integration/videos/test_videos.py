"""What every store of videos does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sightline.errors import MissingTable
from sightline.models.images import Lane, Rejection
from sightline.models.videos import Take, VideoRow, VideoState
from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.timing import CHECK_AFTER

URI = f"s3://frames/yard/é {'x' * 400}.mp4"
BERLIN = timezone(timedelta(hours=1))
TAKE = Take("ab" * 16, "e1", "yard", datetime(2026, 11, 2, 7, 58, 11, 5000, BERLIN), "key", (0, 2000, 4040))


def added(store, lane=Lane.LIVE, most_frames=7):
    store.add(URI, lane, most_frames)
    return store.get(URI)


def test_a_video_is_new_once_and_is_received(store, clock):
    assert store.get(URI) is None
    assert store.add(URI, Lane.LIVE, 7)
    assert not store.add(URI, Lane.LIVE, 7)
    now = clock.now
    assert store.get(URI) == VideoRow(
        URI, Lane.LIVE, VideoState.RECEIVED, now, 7, changes=2, next_check_at=now + CHECK_AFTER, sent_at=now
    )


def test_a_row_comes_back_as_it_was_saved(store):
    seen = added(store)
    older = replace(TAKE, take_id="cd" * 16, offsets_ms=(0,))
    now = replace(
        seen,
        state=VideoState.REJECTED,
        take=TAKE,
        replaced=(older,),
        rejection=Rejection("TruncatedVideo", "it ends"),
        rounds=2,
        next_check_at=None,
    )
    saved = store.save(seen, now)
    assert replace(now, changes=seen.changes + 1) == saved == store.get(URI)
    assert saved.take.starts_at.utcoffset() == timedelta(hours=1)
    assert [(older, 0)] == list(saved.replaced_frames())


def test_a_save_that_comes_late_changes_nothing(store):
    seen = added(store)
    first = store.save(seen, replace(seen, take=TAKE))
    assert store.save(seen, replace(seen, state=VideoState.GONE)) is None
    assert first == store.get(URI)


def test_adding_again_makes_an_earlier_read_of_the_row_old(store):
    seen = added(store)
    store.add(URI, Lane.BACKFILL, 9)
    assert store.save(seen, replace(seen, state=VideoState.TAKEN)) is None


def test_a_video_that_is_added_again_keeps_what_was_taken(store, clock):
    seen = added(store)
    store.save(seen, replace(seen, state=VideoState.TAKEN, take=TAKE, next_check_at=None, rounds=3))
    clock.move(timedelta(days=1))
    again = added(store, Lane.BACKFILL, most_frames=9)
    assert (VideoState.RECEIVED, Lane.BACKFILL, 9, TAKE, 0) == (
        again.state, again.lane, again.most_frames, again.take, again.rounds
    )  # fmt: skip
    assert clock.now == again.received_at


def test_what_is_due_comes_soonest_first_and_what_is_done_never(store, clock):
    for name in ("a", "b", "c"):
        store.add(f"s3://frames/yard/{name}.mp4", Lane.LIVE, 1)
        clock.move(timedelta(seconds=1))
    done = store.get("s3://frames/yard/b.mp4")
    store.save(done, replace(done, state=VideoState.TAKEN, next_check_at=None))
    assert [] == list(store.due(clock.now))
    clock.move(CHECK_AFTER)
    assert ["a", "c"] == [each.video_id[-5] for each in store.due(clock.now)]


def test_a_value_of_a_newer_version_is_read_and_kept(dynamodb_client, table_prefix, clock):
    store = DynamoVideoStore(dynamodb_client, table_prefix, clock)
    with pytest.raises(MissingTable):
        store.check()
    store.setup()
    seen = added(store)
    store.save(seen, replace(seen, state=VideoState.read("of a newer version")))
    assert not store.get(URI).state.is_known
    assert datetime(1970, 1, 1, tzinfo=UTC) < store.get(URI).received_at
    store.check()
