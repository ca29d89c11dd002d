"""How many shards a table has: chosen when it is made, kept with it, and read from it."""

from collections import Counter
from dataclasses import astuple
from datetime import timedelta

import pytest

from sightline.errors import ConfigurationError
from sightline.models.images import Lane
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import images_table
from sightline.storage.images.keys import DEFAULT_SHARDS, ShardChoice, shard_of
from sightline.storage.images.protocol import DayPart
from sightline.storage.images.table_layout import ASKED_AGAIN_AFTER, ITEM_ID, OLD_TABLE, TableLayout
from sightline.testing.clocks import MovingClock
from sightline.testing.images import InMemoryImageStore
from tests.integration.images.stories import Story

CHOSEN = ShardChoice(feed=5, unfinished=7)
OTHER = ShardChoice(feed=5, unfinished=8)
OF_CHOSEN = CHOSEN.over(DEFAULT_SHARDS)


def make(kind, request, clock):
    if kind == "memory":
        return InMemoryImageStore(clock)
    return DynamoImageStore(request.getfixturevalue("dynamodb_client"), request.getfixturevalue("table_prefix"), clock)


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_a_new_table_has_the_shards_that_are_chosen_and_keeps_them(kind, request):
    images = make(kind, request, MovingClock())
    images.setup(CHOSEN)
    images.setup(CHOSEN)
    images.setup()
    with pytest.raises(ConfigurationError, match="it has 7 of the unfinished, 5 of the feed and 4 of a day"):
        images.setup(OTHER)
    assert OF_CHOSEN == images.shards


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_a_new_table_has_the_usual_shards_if_none_are_chosen(kind, request):
    images = make(kind, request, MovingClock())
    images.setup()
    assert DEFAULT_SHARDS == images.shards
    images.setup(ShardChoice(*astuple(DEFAULT_SHARDS)))


@pytest.mark.parametrize("shards", [1, 2, 3])
@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_a_camera_s_day_may_have_fewer_than_four_shards(kind, shards, request):
    clock = MovingClock()
    images = make(kind, request, clock)
    images.setup(ShardChoice(day=shards))
    assert shards == images.shards.day
    written = written_by(images, clock, 12)
    assert written == listed(images, clock)
    assert written[::-1] == listed(images, clock, newest_first=True, page=5)


@pytest.mark.parametrize("shards", [1, 2, 3])
def test_days_of_a_process_that_was_faster_than_the_setup_are_read_by_all_however_few_shards_there_are(
    shards, dynamodb_client, table_prefix
):
    clock = MovingClock()
    table = DynamoTable(dynamodb_client, images_table(table_prefix))
    table.ensure()
    fast, other = (DynamoImageStore(dynamodb_client, table_prefix, clock) for _ in range(2))
    written = written_by(fast, clock, 12)
    TableLayout(table, clock).choose(ShardChoice(day=shards).over(DEFAULT_SHARDS))
    written += written_by(fast, clock, 6)
    written += written_by(other, clock, 6)
    assert written == listed(other, clock)
    clock.move(ASKED_AGAIN_AFTER)
    written += written_by(fast, clock, 6)
    assert [written] * 2 == [listed(images, clock) for images in (fast, other)]


def written_by(images, clock, count):
    """Have images analysed of one camera's day; return their ids, the oldest first."""
    story = Story(images, "yard", clock)
    ids = []
    for _ in range(count):
        clock.move(timedelta(seconds=1))
        ids.append(story.analysed(f"s3://bucket/yard/{clock.now:%H%M%S}.jpg").image_id)
    return ids


def listed(images, clock, **part):
    return [each.image_id for each in images.by_day("yard", clock.now.date().isoformat(), DayPart(**part))]


def test_every_process_reads_the_shards_of_its_table_and_no_shard_is_left_out(dynamodb_client, table_prefix):
    clock = MovingClock()
    DynamoImageStore(dynamodb_client, table_prefix, clock).setup(CHOSEN)
    writer, reader = (DynamoImageStore(dynamodb_client, table_prefix, clock) for _ in range(2))
    ids = [f"s3://bucket/yard/{number}.jpg" for number in range(60)]
    assert 60 == sum(is_new for _, is_new in writer.add_many(ids, Lane.LIVE))
    due = [[each.image_id for each in reader.due(shard, clock.now + timedelta(hours=1))] for shard in range(7)]
    assert Counter(ids) == Counter(image_id for shard in due for image_id in shard)
    assert [shard_of(image_id, 7) for shard in due for image_id in shard] == [
        number for number, shard in enumerate(due) for _ in shard
    ]
    # The item that keeps them is no row
    assert sorted(ids) == sorted(row.image_id for row in reader.scan())
    assert 60 == reader.count()[0]


def test_a_table_of_an_older_version_keeps_its_four(dynamodb_client, table_prefix):
    clock = MovingClock()
    table = DynamoTable(dynamodb_client, images_table(table_prefix))
    assert table.ensure()
    images = DynamoImageStore(dynamodb_client, table_prefix, clock)
    images.setup()
    images.setup(ShardChoice(feed=4, unfinished=4))
    with pytest.raises(ConfigurationError, match="4 of the unfinished"):
        images.setup(CHOSEN)
    assert OLD_TABLE.shards == images.shards
    assert table.get({"image_id": ITEM_ID}) is None
    assert (0, []) == (images.count()[0], list(images.scan()))


def test_a_process_that_was_faster_than_the_setup_learns_of_the_shards_within_a_minute(dynamodb_client, table_prefix):
    """What it writes meanwhile goes to the first four, and of days to the first one, which are read too."""
    clock = MovingClock()
    table = DynamoTable(dynamodb_client, images_table(table_prefix))
    table.ensure()
    worker = TableLayout(table, clock)
    assert OLD_TABLE == worker.get()
    TableLayout(table, clock).choose(OF_CHOSEN)
    TableLayout(table, clock).choose(OTHER.over(DEFAULT_SHARDS))
    assert OLD_TABLE == worker.get()
    clock.move(ASKED_AGAIN_AFTER)
    assert OF_CHOSEN == worker.get().shards
