"""The sync over the twins, and over DynamoDB, Neo4j and S3."""

from datetime import timedelta

from sightline.models.images import State
from sightline.services.parity import Comparison
from sightline.services.sync import KEY
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dirty_days import Purpose
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.testing.fake import uri_of
from tests.writing import analysed, begun, ended, spared


def test_rows_are_shown_marked_and_complete_and_a_second_run_changes_nothing(place):
    images, clock = place.services.images, place.clock
    rows = [analysed(images, uri_of(f"{number}"), clock.now - timedelta(days=number % 3)) for number in range(25)]
    assert (25, True) == ((outcome := place.sync())["merged"], outcome["is_complete"])
    before = place.triples()
    clock.move(timedelta(minutes=5))
    assert (25, 0) == ((outcome := place.sync())["read"], outcome["merged"])
    assert before == place.triples()
    found = images.get_many(row.image_id for row in rows)
    assert {(State.COMPLETE, row.version) for row in rows} == {
        (row.state, row.merged_version) for row in found.values()
    }
    days = {dirty.camera_day for dirty in place.services.operations.dirty_days.dirty(Purpose.ROLLUPS)}
    assert {row.capture.camera_day for row in rows} == days


def test_positions_rise_stay_an_overlap_behind_and_are_published(place):
    place.sync()
    first = place.services.graph.sync_state()
    place.clock.move(timedelta(hours=3))
    place.sync()
    second = place.services.graph.sync_state()
    assert all(first.positions[shard] < second.positions[shard] for shard in range(4))
    assert second.is_published
    uri = ObjectUri(place.services.checkpoint_bucket, KEY)
    place.services.buckets.delete(uri)
    place.clock.move(timedelta(hours=3))
    analysed(place.services.images, uri_of("1"), place.clock.now)
    place.clock.move(timedelta(hours=3))
    assert 1 == place.sync()["merged"]
    assert place.services.buckets.head(uri).size_bytes > 0


def test_a_gone_image_and_a_re_analysis_take_exactly_their_own_away(place):
    images, clock = place.services.images, place.clock
    for number in range(3):
        analysed(images, uri_of(f"{number}"), clock.now, found=(("Person", 90.0), ("Dog", 50.0 + number)))
    place.sync()
    kept = {each for each in place.triples() if uri_of("2") in each}
    ended(images, uri_of("0"))
    analysed(images, uri_of("1"), clock.now, found=(("Cat", 70.0),), asked="2")
    clock.move(timedelta(minutes=5))
    assert 2 == place.sync()["merged"]
    after = place.triples()
    assert kept == {each for each in after if uri_of("2") in each}
    assert set() == {each for each in after if uri_of("0") in each}
    assert {("Cat", 70.0)} == {(each[5], each[3]) for each in after if uri_of("1") in each and each[2] == "HAS_LABEL"}


def test_an_image_begun_again_before_it_was_shown_comes_when_it_is_done(place):
    images, clock = place.services.images, place.clock
    place.sync()
    analysed(images, uri_of("1"), clock.now)
    begun(images, uri_of("1"), clock.now, asked="2")
    clock.move(timedelta(minutes=5))
    assert (0, 1) == ((outcome := place.sync())["merged"], outcome["in_flight"])
    clock.move(timedelta(hours=2))
    place.sync()
    row = analysed(images, uri_of("1"), clock.now, asked="2")
    clock.move(timedelta(minutes=5))
    place.sync()
    assert {uri_of("1"): row.version} == place.services.graph.versions([uri_of("1")])


def test_rows_that_enter_the_feed_behind_the_position_read_are_not_lost(real, dynamodb_client, table_prefix):
    clock = real.clock
    slow = DynamoImageStore(dynamodb_client, table_prefix, lambda: clock.now - timedelta(minutes=3))
    lagging = DynamoImageStore(dynamodb_client, table_prefix, lambda: clock.now - timedelta(seconds=10))
    real.sync()
    ids = []
    for round_ in range(6):
        for number, writer in enumerate((real.services.images, slow, lagging)):
            for image in range(6):
                ids.append(uri_of(f"{round_}-{number}-{image}"))
                analysed(writer, ids[-1], clock.now)
        clock.move(timedelta(minutes=5, seconds=1))
        real.sync()
    assert {State.COMPLETE} == {row.state for row in real.services.images.get_many(ids).values()}
    assert len(ids) == len(real.services.graph.versions(ids))


def test_a_graph_that_is_filled_again_shows_what_images_look_like_in_any_order(place):
    images, clock = place.services.images, place.clock
    paid = [analysed(images, uri_of(f"{number}"), clock.now) for number in range(6)]
    likes = [spared(images, uri_of(f"like-{number}"), clock.now, row) for number, row in enumerate(paid)]
    ended(images, paid[0].image_id)  # it was answered, and its object is deleted since
    place.sync()
    expected = {("Image", each.image_id, "LOOKS_LIKE", 3, "Image", paid[n].image_id) for n, each in enumerate(likes)}
    before = place.triples()
    assert expected == {each for each in before if each[2] == "LOOKS_LIKE"}
    assert {State.COMPLETE} == {images.get(each.image_id).state for each in likes}
    place.empty_the_graph()
    place.sync()
    assert before == place.triples()
    for day in {row.capture.camera_day for row in likes}:
        assert [] == [found for _, some in Comparison(images, place.services.graph).of_day(day) for found in some]
