"""What one run of the sync reads, writes, marks and publishes."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.graph.protocol import FullLoad, StaleFence, SyncMove, SyncState
from sightline.models.images import State
from sightline.services.graph_merge import merge
from sightline.services.sync import KEY, NAME, OVERLAP, ShardReader, Wish, safe_position, sync_with
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import CHECKPOINTS, uri_of
from tests.writing import analysed, begun, ended

COPY = ObjectUri(CHECKPOINTS, KEY)
URI = uri_of("01")
LATER = 10**18
"""The fence of a later holder than any."""


def state_of(world, uri=URI):
    return world.images.get(uri).state


def test_a_graph_without_a_position_gets_everything_also_from_long_ago(world, tick):
    for number in range(1200):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    world.clock.move(timedelta(days=400))
    assert {"read": 1200, "merged": 1200, "in_flight": 0, "refused": 0, "is_complete": True} == tick()
    assert {State.COMPLETE} == {row.state for row in world.images.scan()}


def test_a_second_run_reads_the_overlap_again_and_changes_nothing(world, tick):
    tick()
    analysed(world.images, URI, world.clock.now)
    assert 1 == tick()["merged"]
    assert {"read": 1, "merged": 0, "in_flight": 0, "refused": 0, "is_complete": True} == tick()
    world.clock.move(OVERLAP)
    tick()
    assert 0 == tick()["read"]


def test_what_is_being_analysed_is_left_until_the_feed_has_it_again(world, tick):
    tick()
    analysed(world.images, URI, world.clock.now)
    begun(world.images, URI, world.clock.now, asked="2")
    assert (0, 1) == ((outcome := tick())["merged"], outcome["in_flight"])
    analysed(world.images, URI, world.clock.now, asked="2")
    assert 1 == tick()["merged"]
    assert State.COMPLETE is state_of(world)


def test_a_gone_image_is_bare_and_one_that_never_was_shown_stays_away(world, tick):
    other = uri_of("02")
    analysed(world.images, URI, world.clock.now)
    tick()
    analysed(world.images, other, world.clock.now)
    ended(world.images, URI)
    ended(world.images, other)
    tick()
    assert {URI: 3} == world.graph.versions([URI, other])
    assert set() == world.graph.triples()
    assert not list(world.images.unfinished())


def test_a_rejected_image_that_was_shown_keeps_its_place_and_loses_its_findings(world, tick):
    analysed(world.images, URI, world.clock.now)
    tick()
    ended(world.images, URI, State.REJECTED)
    tick()
    kinds = {kind for _, _, kind, *_ in world.graph.triples()}
    assert {"HAS_IMAGE", "HAS_TIMESTAMP", "HAS_YEAR", "HAS_MONTH", "HAS_DAY", "HAS_HOUR"} == kinds


def test_an_image_that_the_graph_refuses_is_a_dead_letter_and_holds_up_nobody(world, tick):
    tick()
    first, second = analysed(world.images, URI, world.clock.now), analysed(world.images, uri_of("02"), world.clock.now)
    bad = analysed(world.images, uri_of("03"), world.clock.now)
    world.images._rows[bad.image_id] = _with_unknown_feature(bad)
    outcome = tick()
    assert (2, 1) == (outcome["merged"], outcome["refused"])
    assert {first.image_id, second.image_id} == world.graph.versions(
        [row.image_id for row in (first, second, bad)]
    ).keys()
    assert ["UnknownFeature"] == [dead_letter.error for dead_letter in world.operations.dead_letters.read()]


def _with_unknown_feature(row):
    return replace(row, parts={"hats": next(iter(row.parts.values()))})


def test_days_are_marked_before_the_position_moves_also_of_rows_that_were_merged_already(world, tick):
    tick()
    row = analysed(world.images, URI, world.clock.now)
    merge(URI, merges=world.services.merges)
    assert 0 == tick()["merged"]
    for purpose in Purpose:
        assert [row.capture.camera_day] == [each.camera_day for each in world.operations.dirty_days.dirty(purpose)]


def test_the_position_is_published_where_people_see_it(world, tick):
    tick()
    tick()
    _, data = world.buckets.get(COPY)
    copy = json.loads(data)
    assert {str(shard): position for shard, position in world.graph.sync_state().positions.items()} == copy["positions"]
    assert world.clock.now.isoformat() == copy["at"]


def test_deleting_the_published_copy_loads_everything_once(world, tick):
    for number in range(30):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    tick()
    world.clock.move(timedelta(days=2))
    tick()
    assert 0 == tick()["read"]
    world.buckets.delete(COPY)
    assert (30, 0) == ((outcome := tick())["read"], outcome["merged"])
    assert 0 == tick()["read"]


def test_a_copy_that_another_has_changed_meanwhile_is_left_alone(world, tick):
    tick()
    sync = sync_with(world.services)
    seen = sync._copy.look()
    world.buckets.put(COPY, b"written by another")
    assert not sync._copy.write(SyncState({0: "0"}), 1, seen)  # type: ignore[arg-type]
    assert b"written by another" == world.buckets.get(COPY)[1]


def test_a_holder_whose_lease_another_took_is_refused_with_his_data(world, tick):
    tick()
    row = analysed(world.images, URI, world.clock.now)
    before = world.graph.sync_state()
    stale = world.operations.leases.acquire(NAME, "stalled", timedelta(seconds=60))
    world.clock.move(timedelta(minutes=2))
    assert 1 == tick()["merged"]
    moved = world.graph.sync_state()
    newer = analysed(world.images, URI, world.clock.now, asked="2")
    world.clock.move(timedelta(minutes=1))
    with pytest.raises(StaleFence):
        sync_with(world.services).run(stale.fence, lambda: True)
    assert moved == world.graph.sync_state() != before
    assert ({URI: row.version}, newer.version) == (world.graph.versions([URI]), row.version + 2)


def test_a_wish_reads_again_from_a_day_and_leaves_the_position_where_it_is(world, tick):
    for number in range(5):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    day = world.clock.now.date()
    tick()
    world.clock.move(timedelta(days=3))
    tick()
    before = world.graph.sync_state()
    outcome = sync_with(world.services).run(2**40, lambda: True, Wish(since=day))
    assert (5, 0) == (outcome["read"], outcome["merged"])
    assert before == world.graph.sync_state()


def test_a_full_load_is_cut_and_goes_on_after_the_last_image(world):
    for number in range(1700):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    turns = iter([True, True, False])
    outcome = sync_with(world.services).run(1, lambda: next(turns))
    assert (1000, False) == (outcome["read"], outcome["is_complete"])
    state = world.graph.sync_state()
    assert ({}, FullLoad(safe_position(world.clock.now), uri_of("999"))) == (state.positions, state.load)
    begin = world.clock.now
    world.clock.move(timedelta(hours=1))
    outcome = sync_with(world.services).run(2, lambda: True)
    assert (700, True) == (outcome["merged"], outcome["is_complete"])
    assert state.load.feed_from == safe_position(begin)


def test_a_graph_that_was_filled_from_a_table_with_fewer_shards_gets_everything(world, tick):
    """It has no position in the others, so nothing written there would ever be read."""
    tick()
    shards = world.images.shards.feed
    state = world.graph.sync_state()
    world.graph.merge([], SyncMove(LATER, replace(state, positions={0: state.positions[0]})))
    for number in range(50):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    world.clock.move(timedelta(minutes=1))
    outcome = sync_with(world.services).run(LATER + 1, lambda: True)
    assert (50, True) == (outcome["merged"], outcome["is_complete"])
    assert set(range(shards)) == set(world.graph.sync_state().positions)


def test_a_shard_is_read_over_all_its_days_of_writing(world):
    ids = [uri_of(f"{number}") for number in range(24)]
    for image_id in ids:
        analysed(world.images, image_id, world.clock.now)
        world.clock.move(timedelta(hours=7))
    found = []
    for shard in range(world.images.shards.feed):
        after, until = (safe_position(world.clock.now + timedelta(days=days)) for days in (-9, 1))
        reader = ShardReader(world.images, shard, after, until)
        while not reader.is_done:
            found += [entry.image_id for entry in reader.page()]
    assert sorted(ids) == sorted(found)


def test_the_graphs_position_may_only_be_moved_by_the_last_holder(world):
    world.graph.merge([], SyncMove(7, SyncState({0: "A"})))
    with pytest.raises(StaleFence, match="another has taken over"):
        world.graph.merge([], SyncMove(6, SyncState({0: "B"})))
    assert SyncState({0: "A"}) == world.graph.sync_state()
