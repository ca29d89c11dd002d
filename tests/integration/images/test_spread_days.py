"""A day of a new table is in one shard until images come too fast; then in all, and no process misses any."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typing_extensions import override

from sightline.errors import Unavailable
from sightline.models.images import CameraDay, Lane
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images import spread_days
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import images_table
from sightline.storage.images.keys import DEFAULT_SHARDS, DayIndexes, Layout, ShardChoice, Shards, number_of, shard_of
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.protocol import DayPart
from sightline.storage.images.spread_days import OVER_ITS_UNITS, PREFIX
from sightline.storage.images.table_layout import ITEM_ID, TableLayout, encode_layout
from tests.integration.images.stories import Story, content

SPREAD_AFTER = 3


@pytest.fixture(autouse=True)
def spread_early(monkeypatch):
    monkeypatch.setattr(spread_days, "MOST_LISTED", SPREAD_AFTER)


class World:
    """A table, and processes that read and write it."""

    def __init__(self, client, prefix, clock):
        self.client, self.prefix, self.clock = client, prefix, clock
        self.table = DynamoTable(client, images_table(prefix))
        self.numbers = iter(range(1000))

    def process(self):
        return DynamoImageStore(self.client, self.prefix, self.clock)

    def story(self, images=None):
        return Story(images or self.process(), "yard", self.clock)

    @property
    def day(self):
        return self.clock.now.date().isoformat()

    def analysed(self, story, count):
        return [story.analysed(f"s3://b/yard/{next(self.numbers):04}").image_id for _ in range(count)]

    def listed(self, **part):
        return [each.image_id for each in self.process().by_day("yard", self.day, DayPart(**part))]

    def shard_of(self, image_id):
        return number_of(self.item(image_id)["day_shard"])

    def item(self, image_id):
        found = self.table.get({"image_id": image_id})
        assert found, image_id
        return found


@pytest.fixture
def world(dynamodb_client, table_prefix, clock):
    world = World(dynamodb_client, table_prefix, clock)
    world.process().setup()
    return world


def test_a_day_is_spread_when_a_process_lists_too_much_of_it_and_all_processes_find_all_images(world):
    first, other = world.story(), world.story()
    ids = world.analysed(first, SPREAD_AFTER)
    ids += world.analysed(other, 1)
    assert {0} == {world.shard_of(each) for each in ids}
    assert ids == world.listed()
    late = world.analysed(first, 8)
    assert [shard_of(each, DEFAULT_SHARDS.day) for each in late] == [world.shard_of(each) for each in late]
    assert len({world.shard_of(each) for each in late}) > 1
    ids += late + world.analysed(other, 2)
    assert ids == world.listed() == world.listed(page=2)
    assert ids[::-1] == world.listed(newest_first=True, page=1)


def test_the_mark_of_a_day_is_no_image(world):
    ids = world.analysed(world.story(), SPREAD_AFTER + 2)
    assert world.item(f"{PREFIX}yard#{world.day}")
    images = world.process()
    assert ids == sorted(row.image_id for row in images.scan())
    assert len(ids) == images.count()[0]
    assert MovedDays(0, is_over=True) == images.move_days(None, lambda _: None)
    assert ids == sorted(each.image_id for shard in range(DEFAULT_SHARDS.feed) for each in of_feed(images, shard))


def of_feed(images, shard):
    today = images._clock().date().isoformat()
    return images.feed(shard, today, "0" * 26, "7" + "Z" * 25)


def test_an_image_stays_in_the_shard_that_it_was_listed_in_while_it_is_of_that_day(world):
    story = world.story()
    early = world.analysed(story, SPREAD_AFTER)
    world.analysed(story, 1)
    moved = next(each for each in early if shard_of(each, DEFAULT_SHARDS.day))
    images, row = story.images, story.images.get(moved)
    begun = images.begin(row, content("new"), story.capture(minutes=1), {"labels": "L2"}, Lane.LIVE)
    assert 0 == world.shard_of(moved)
    assert moved == world.listed()[-1]
    tomorrow = story.capture(days=1)
    images.begin(begun, content("newer"), tomorrow, {"labels": "L3"}, Lane.LIVE)
    assert [moved] == [each.image_id for each in images.by_day("yard", tomorrow.day)]
    assert moved not in world.listed()


def in_another_shard(numbers):
    """Return the id of an image whose own shard is not the first."""
    return next(each for each in map("s3://b/yard/other/{}".format, numbers) if shard_of(each, DEFAULT_SHARDS.day))


def test_an_image_stays_where_one_process_has_listed_it_though_another_has_not_seen_that(world):
    """The reconciler knows that the day is spread; a worker does not, and has seen the row before."""
    knows, other = world.story(), world.story()
    world.analysed(knows, SPREAD_AFTER + 1)
    seen = knows.settled(in_another_shard(range(99)))
    assert seen.listed is None
    assert knows.images.postpone(seen, world.clock.now, counts_round=False)
    there = world.shard_of(seen.image_id)
    assert there == shard_of(seen.image_id, DEFAULT_SHARDS.day)
    assert other.images.mark_analysed(seen)
    assert there == world.shard_of(seen.image_id)
    assert 1 == world.listed().count(seen.image_id)


def test_images_that_are_taken_or_analysed_again_spread_no_day(world):
    story = world.story()
    row = story.images.get(world.analysed(story, 1)[0])
    for number in range(SPREAD_AFTER + 2):
        row = story.images.begin(row, content(f"{number}"), row.capture, {"labels": f"L{number}"}, Lane.LIVE)
    assert world.table.get({"image_id": f"{PREFIX}yard#{world.day}"}) is None


def test_a_day_whose_mark_a_restored_table_lacks_is_marked_again_by_who_walks_over_all_rows(world):
    ids = world.analysed(world.story(), SPREAD_AFTER + 8)
    world.client.delete_item(
        TableName=images_table(world.prefix).name, Key={"image_id": {"S": f"{PREFIX}yard#{world.day}"}}
    )
    assert len(world.listed()) < len(ids)
    assert ids == sorted(row.image_id for row in world.process().scan())
    assert ids == world.listed()


def test_days_are_asked_about_together_and_each_that_is_not_spread_in_one_shard(world):
    story = world.story()
    world.analysed(story, SPREAD_AFTER + 1)
    gate = Story(story.images, "gate", world.clock)
    at_the_gate = gate.analysed("s3://b/gate/1").image_id
    days = [CameraDay("yard", world.day), CameraDay("gate", world.day), CameraDay("shed", world.day)]
    reader, asked = world.process(), Counter[str]()
    events = world.client.meta.events
    events.register("provide-client-params.dynamodb", lambda model, **_: asked.update([model.name]), unique_id="asked")
    found = {day.camera: [each.image_id for each in images] for day, images in reader.by_days(days).items()}
    assert ([at_the_gate], []) == (found["gate"], found["shed"])
    assert SPREAD_AFTER + 1 == len(found["yard"])
    assert {"GetItem": 1, "BatchGetItem": 1, "Query": DEFAULT_SHARDS.day + 2} == asked
    asked.clear()
    assert SPREAD_AFTER + 1 == len(list(reader.by_day("yard", world.day)))
    assert {"Query": DEFAULT_SHARDS.day} == asked, "that a day is spread is remembered"
    events.unregister("provide-client-params.dynamodb", unique_id="asked")


def test_a_table_of_the_version_before_has_all_its_shards_of_each_day_from_the_first_image_on(world):
    shards = Shards(feed=4, unfinished=4, day=4)
    world.table.put(encode_layout(Layout(shards, DayIndexes.SHARDED)))
    assert "spread_day_shards" not in world.item(ITEM_ID)
    ids = world.analysed(world.story(), SPREAD_AFTER + 5)
    assert [shard_of(each, shards.day) for each in ids] == [world.shard_of(each) for each in ids]
    assert world.table.get({"image_id": f"{PREFIX}yard#{world.day}"}) is None
    assert ids == world.listed()
    assert shards == world.process().shards
    world.process().setup(ShardChoice(day=4))


class OfVersionBefore(TableLayout):
    """The layout as the version before reads it out of the table's own item."""

    @override
    def get(self):
        item = self.item() or {}
        shards = Shards(item["feed_shards"], item["unfinished_shards"], item["day_shards"])
        return Layout(shards, DayIndexes(item["day_index"]))


def test_what_a_process_of_the_version_before_writes_is_where_all_look(world):
    older = world.process()
    older._layout = OfVersionBefore(world.table, world.clock)
    ids = world.analysed(world.story(older), SPREAD_AFTER + 2)
    ids += world.analysed(world.story(), SPREAD_AFTER + 2)
    ids += world.analysed(world.story(older), 2)
    assert ids == world.listed()
    assert {0} == {world.shard_of(each) for each in (*ids[: SPREAD_AFTER + 2], *ids[-2:])}


class Full(DynamoTable):
    """A table whose index takes no more in one partition."""

    @override
    def update(self, key, change, only_if=None):
        resource = f"arn:aws:dynamodb:eu-west-1:1:table/{self._schema.name}/index/by_day_sharded"
        reasons = [{"reason": OVER_ITS_UNITS, "resource": resource}]
        said: Any = {"Error": {"Code": "ThrottlingException"}, "throttlingReasons": reasons}
        raise Unavailable(key["image_id"]) from ClientError(said, "UpdateItem")


def test_a_day_is_spread_when_dynamodb_takes_no_more_in_its_shard(world):
    story = world.story()
    row = story.settled(next(each for each in map("s3://b/yard/{}".format, range(99)) if shard_of(each, 4)))
    whole, story.images._table = story.images._table, Full(world.client, images_table(world.prefix))
    with pytest.raises(Unavailable):
        story.images.mark_analysed(row)
    with pytest.raises(Unavailable):
        story.images.write_result(row.image_id, "labels", row.parts["labels"])
    story.images._table = whole
    assert world.item(f"{PREFIX}yard#{world.day}")
    story.images.mark_analysed(row)
    assert shard_of(row.image_id, DEFAULT_SHARDS.day) == world.shard_of(row.image_id)
