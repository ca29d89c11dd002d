"""Days of a table that an older version has made move into their shards, and nothing is missed or doubled meanwhile."""

from dataclasses import replace

import pytest
from typing_extensions import override

from sightline.errors import ConfigurationError
from sightline.models.images import CameraDay, Lane, State
from sightline.services.rollups.cells import Day, cells_of
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import exists
from sightline.storage.dynamodb.schema import ensure
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.day_move import KNOWN_BY_ALL_AFTER
from sightline.storage.images.day_reads import DayReads
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import images_table
from sightline.storage.images.keys import DayIndexes, Layout, ShardChoice, Shards, number_of
from sightline.storage.images.moved_days import MovedDays
from sightline.storage.images.protocol import DayPart
from sightline.storage.images.table_layout import TableLayout
from sightline.testing.fake import WATCHED
from tests.integration.images.stories import BAD, Story, answered, content

PAGE = 3
"""Rows of a page of the walk."""


class OldWriter(DynamoImageStore):
    """A process of a version that knows nothing of the new keys."""

    @override
    def _change(self, image_id, transition, *, is_statement=False):
        sets = {path: value for path, value in transition.sets.items() if path != ("listed",)}
        return super()._change(image_id, replace(transition, sets=sets), is_statement=is_statement)


class FourOfADay(TableLayout):
    """The layout of a table without an item, as the version has it that always wrote to four shards of a day."""

    @override
    def get(self):
        return Layout(Shards(feed=4, unfinished=4, day=4), DayIndexes.OLD)


class Upgraded:
    """A table of an older version, and processes of both versions on it."""

    def __init__(self, client, prefix, clock):
        self.client, self.prefix, self.clock = client, prefix, clock
        self.table = DynamoTable(client, images_table(prefix))
        older = images_table(prefix)
        ensure(client, replace(older, indexes=older.indexes[:-1]))
        self.old = Story(OldWriter(client, prefix, clock), "yard", clock)
        self.new = Story(self.process(), "yard", clock)
        self.day = self.new.capture().day
        self.numbers = iter(range(1000))

    def process(self):
        return DynamoImageStore(self.client, self.prefix, self.clock)

    def uri(self):
        return f"s3://bucket/yard/{next(self.numbers)}.jpg"

    def setup(self, tell=lambda _: None, shards=None):
        process = self.process()
        process.setup()
        return process.move_days(shards, tell, PAGE)

    def index(self):
        return TableLayout(self.table, self.clock).get().days

    def listed(self, images, **part):
        return [each.image_id for each in images.by_day("yard", self.day, DayPart(**part))]

    def expected(self):
        rows = [row for row in self.process().scan() if row.capture and row.capture.day == self.day]
        return [row.image_id for row in sorted(rows, key=lambda row: (row.capture.taken_at, row.image_id))]


@pytest.fixture
def upgraded(dynamodb_client, table_prefix, clock):
    return Upgraded(dynamodb_client, table_prefix, clock)


def test_a_table_goes_over_both_indexes_to_its_shards_and_no_reader_misses_or_doubles_an_image(upgraded):
    readers = [upgraded.process() for _ in range(2)]  # which know what the table said up to a minute ago
    old, new = upgraded.old, upgraded.new
    for _ in range(4):
        old.analysed(upgraded.uri())
    old.received(upgraded.uri())
    new.analysed(upgraded.uri())
    began = old.begun(upgraded.uri())

    def all_see_all():
        for reader in [*readers, upgraded.process()]:
            assert upgraded.expected() == upgraded.listed(reader)
            assert upgraded.expected()[::-1] == upgraded.listed(reader, newest_first=True, page=1)

    all_see_all()
    assert (DayIndexes.OLD, MovedDays(5, is_over=False)) == (upgraded.index(), upgraded.setup())
    all_see_all()
    for writer in (old, new):
        writer.complete(upgraded.uri())
        moved = writer.complete(upgraded.uri())
        writer.images.begin(moved, content("new"), writer.capture(days=9), {"labels": "L2"}, Lane.LIVE)
    old.images.give_up(began, BAD)
    all_see_all()
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    # Two rows of the older version are found, so that it may still write others
    assert (MovedDays(2, is_over=False), DayIndexes.BOTH) == (upgraded.setup(), upgraded.index())
    all_see_all()
    assert (MovedDays(0, is_over=True), DayIndexes.SHARDED) == (upgraded.setup(), upgraded.index())
    all_see_all()
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    new.complete(upgraded.uri())
    all_see_all()
    assert (MovedDays(0, is_over=True), DayIndexes.SHARDED) == (upgraded.setup(), upgraded.index())
    positions = [item for item in upgraded.table.scan() if "day_position" in item]
    assert "day_position" not in upgraded.table.get({"image_id": upgraded.expected()[-1]})
    assert positions, "moved rows keep the old keys"


class Killed(Exception):
    """The process ends here."""


def test_a_walk_that_is_killed_at_any_page_goes_on_behind_it(upgraded):
    rows = {upgraded.old.analysed(upgraded.uri()).image_id for _ in range(3 * PAGE)}

    def kill_after(pages):
        told = []

        def tell(number):
            told.append(number)
            if len(told) > pages:
                raise Killed

        return tell

    for turn in range(2):
        with pytest.raises(Killed):
            upgraded.setup(kill_after(1))
        # Each turn keeps its first page's place, and is killed in the second
        keyed = [item for item in upgraded.table.scan() if "day_place" in item]
        assert ((turn + 2) * PAGE, DayIndexes.BOTH) == (len(keyed), upgraded.index())
        assert upgraded.expected() == upgraded.listed(upgraded.process())
    result = upgraded.setup()
    assert not result.is_over
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    assert MovedDays(0, is_over=True) == upgraded.setup()
    assert sorted(rows) == sorted(upgraded.listed(upgraded.process()))


def test_a_row_that_changes_under_the_walk_is_left_to_the_next_one(upgraded):
    image_id = upgraded.old.analysed(upgraded.uri()).image_id

    class Meanwhile(DynamoTable):
        def update_many(self, updates):
            for update in updates:
                self.change(update.key, Change().set("day_position", "another"), exists("image_id"))
            return super().update_many(updates)

    process = upgraded.process()
    process.setup()
    process._table = Meanwhile(upgraded.client, images_table(upgraded.prefix))
    assert MovedDays(1, is_over=False) == process.move_days(None, lambda _: None)
    assert "day_place" not in upgraded.table.get({"image_id": image_id})
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    assert [MovedDays(1, is_over=False), MovedDays(0, is_over=True)] == [upgraded.setup(), upgraded.setup()]


def test_rows_in_analysis_get_the_keys_and_do_not_keep_the_move_from_its_end(upgraded):
    upgraded.setup()
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    begun = [upgraded.new.begun(upgraded.uri()) for _ in range(PAGE + 1)]
    assert MovedDays(len(begun), is_over=True) == upgraded.setup()
    assert [row.image_id for row in begun] == sorted(upgraded.listed(upgraded.process()))


def test_an_image_that_an_older_version_gave_another_day_stands_in_that_alone(upgraded):
    upgraded.setup()
    row = upgraded.new.complete(upgraded.uri())
    old = upgraded.old
    moved = old.images.begin(old.images.get(row.image_id), content("new"), old.capture(days=1), {}, Lane.LIVE)
    images = upgraded.process()
    assert ([], None) == (list(images.by_day("yard", upgraded.day)), images.get(row.image_id).listed)
    assert [row.image_id] == [each.image_id for each in images.by_day("yard", moved.capture.day)]
    images.mark_analysed(images.get(row.image_id))
    assert [row.image_id] == [each.image_id for each in images.by_day("yard", moved.capture.day)]


def test_the_shards_of_days_are_chosen_when_the_move_begins(upgraded):
    images = upgraded.process()
    images.setup(ShardChoice(day=5))
    images.move_days(5, lambda _: None)
    assert (5, 4) == (images.shards.day, images.shards.unfinished)
    with pytest.raises(ConfigurationError, match="5 of a day"):
        images.setup(ShardChoice(day=6))
    images.setup(ShardChoice(day=5))


@pytest.mark.parametrize("shards", [1, 2, 3])
def test_rows_beyond_the_chosen_shards_are_moved_and_their_writer_keeps_the_move_from_its_end(upgraded, shards):
    """A process of the version before wrote to four shards until it heard how many there are: within a minute."""
    before = upgraded.process()
    before._layout = FourOfADay(upgraded.table, upgraded.clock)
    story = Story(before, "yard", upgraded.clock)

    def written():
        return [story.analysed(upgraded.uri()).image_id for _ in range(30)]

    def beyond():
        return sum(number_of(item["day_shard"]) >= shards for item in upgraded.table.scan() if "day_shard" in item)

    written()
    strays = beyond()
    assert strays
    assert MovedDays(strays, is_over=False) == upgraded.setup(shards=shards)
    assert (0, shards) == (beyond(), upgraded.process().shards.day)
    upgraded.clock.move(KNOWN_BY_ALL_AFTER)
    written()
    strays = beyond()
    assert strays
    assert upgraded.expected() == upgraded.listed(upgraded.process())
    assert [MovedDays(strays, is_over=False), MovedDays(0, is_over=True)] == [upgraded.setup(), upgraded.setup()]
    assert upgraded.expected() == upgraded.listed(upgraded.process())
    assert 60 == len(upgraded.expected())


def test_figures_are_those_of_the_old_index_with_stuck_and_half_answered_images(upgraded):
    """No walk has listed these rows: each step of a new version has."""
    upgraded.setup()
    story, parts = upgraded.new, {"labels": "L1", "faces": "F1"}
    images = story.images
    for _ in range(3):
        story.complete(upgraded.uri())
        story.analysed(upgraded.uri())
    for end in (
        story.looked_at,
        lambda row: images.give_up(row, BAD),
        lambda row: images.end(row, State.GONE, BAD),
        lambda row: images.end(row, State.REJECTED, BAD),
    ):
        row = story.begun(upgraded.uri(), **parts)
        assert end(images.write_result(row.image_id, "labels", answered("L1", ("Person", 80.0))))
    days, shards = DayReads(upgraded.table), images.shards

    def entries(index):
        return list(days.read("yard", upgraded.day, DayPart(), Layout(shards, index)))

    def figures(index):
        present = [each for each in entries(index) if each.state is not State.GONE]
        return cells_of(Day(CameraDay("yard", upgraded.day), present, []), WATCHED.rule_of("Person"), WATCHED)

    assert 10 == len(entries(DayIndexes.OLD))
    assert entries(DayIndexes.OLD) == entries(DayIndexes.SHARDED) == entries(DayIndexes.BOTH)
    assert figures(DayIndexes.OLD) == figures(DayIndexes.SHARDED)
