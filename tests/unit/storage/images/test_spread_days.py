"""A day is marked before its rows leave the first shard, and no reader misses a row, whatever comes in between."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations, combinations_with_replacement, islice, pairwise
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from sightline.errors import Unavailable
from sightline.models.images import Capture, Content, ImageRow, Lane, State
from sightline.storage.dynamodb.items import to_item
from sightline.storage.images import spread_days
from sightline.storage.images.day_reads import DayReads
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import encode_row
from sightline.storage.images.keys import NEW_TABLE, day_shard, number_of
from sightline.storage.images.protocol import DayPart
from sightline.storage.images.spread_days import (
    COUNTED_FOR,
    MOST_LISTED,
    OVER_ITS_UNITS,
    PREFIX,
    SpreadDays,
    is_of_full_shard,
)
from sightline.storage.images.table_layout import ITEM_ID, TableLayout
from sightline.testing.clocks import MovingClock

CAMERA, DAY = "yard", "2044-05-17"
SPREAD = f"{CAMERA}#{DAY}"
SHARDS = NEW_TABLE.shards.day
NOON = datetime(2044, 5, 17, 12, tzinfo=UTC)


class Table:
    """A table whose every step can be told of before it is done. written: what a process wrote, in its order."""

    def __init__(self):
        self.items = {}
        self.counted = 0
        self.entries = []
        self.before_step = lambda: None

    def get_many(self, keys):
        self.before_step()
        return [self.items[key["image_id"]] for key in keys if key["image_id"] in self.items]

    def put(self, item, only_if):
        assert only_if is not None
        is_new = self.items.setdefault(item["image_id"], item) is item
        return type("Outcome", (), {"is_written": is_new})

    def change(self, key, *_):
        assert key == {"image_id": ITEM_ID}
        self.counted += 1
        return True

    def query_values(self, where, *, newest_first, **_):
        self.before_step()
        values = []

        class Taken:
            def name(self, path):
                return path

            def value(self, value):
                values.append(value)
                return "?"

        where(Taken())
        found = [each for each in self.entries if each["day_shard"]["S"] == values[0]]
        return iter(sorted(found, key=lambda each: each["day_place"]["S"], reverse=newest_first))


def store_over(table):
    """Return the real store over the table, which is a new one."""
    store = DynamoImageStore(cast("Any", None), "test-", MovingClock())
    store._layout._known = NEW_TABLE
    store._spread = process(table)
    store._days = DayReads(table)
    store._days._readers = cast("Any", InTurn)
    return store


class InTurn:
    """Reads one shard after the other, where threads would read them in an order of their own."""

    map = staticmethod(map)


def process(table, clock=None):
    clock = clock or MovingClock()
    return SpreadDays(table, TableLayout(table, clock), clock)


def row(number):
    capture = Capture(CAMERA, NOON + timedelta(seconds=number), "key")
    content = Content("0" * 64, "e", 1, 2, 3)
    return ImageRow(
        f"s3://b/{number}", Lane.LIVE, State.COMPLETE, NOON, content=content, capture=capture, listed=capture
    )


def in_other_shard(shard):
    """Return a row whose own shard is this one."""
    return next(
        each for each in map(row, range(1000)) if number_of(day_shard(each.image_id, each.listed, SHARDS)) == shard
    )


class Writer:
    """A process that lists a row, since it lists too many: what it does to the table, one step after the other."""

    def __init__(self, listed):
        self.listed = listed
        self._steps = []
        layout = process(self).layout_to_list(SPREAD, NEW_TABLE)
        self._steps.append(lambda table: table.entries.append(to_item(encode_row(listed, layout))))

    def put(self, item, only_if):
        self._steps.append(lambda table: table.put(item, only_if))
        return type("Outcome", (), {"is_written": True})

    def change(self, *_):
        """Count a day that is spread: nobody who reads the day looks at that."""

    def steps(self):
        return list(self._steps)


def orders_of(first, second):
    """Return every order of the steps of two processes."""
    for places in combinations(range(len(first) + len(second)), len(first)):
        of_first, of_second = iter(first), iter(second)
        yield [next(of_first) if place in places else next(of_second) for place in range(len(first) + len(second))]


def parted(steps, among):
    """Return every way to part a number of steps among places, of which the last takes what the others leave."""
    for cuts in combinations_with_replacement(range(steps + 1), among - 1):
        yield [end - begin for begin, end in pairwise((0, *cuts, steps))]


def read(table, steps, done_before, newest_first):
    """Read the day as a page does; before each step of it, do as many of the others' steps as are told."""
    waiting, counts = iter(steps), iter(done_before)

    def do_some():
        for step in islice(waiting, next(counts, len(steps))):
            step(table)

    table.before_step = do_some
    return [each.image_id for each in store_over(table).by_day(CAMERA, DAY, DayPart(newest_first=newest_first))]


@pytest.fixture
def hurried(monkeypatch):
    """Have each process spread a day with the first row that it lists."""
    monkeypatch.setattr(spread_days, "MOST_LISTED", 0)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("newest_first", [False, True])
def test_two_processes_spread_a_day_at_once_and_a_reader_between_any_two_steps_misses_nothing(newest_first):
    writers = [Writer(in_other_shard(1)), Writer(in_other_shard(3))]
    early, tried = to_item(encode_row(row(1001), NEW_TABLE)), 0
    for order in orders_of(*(each.steps() for each in writers)):
        for before, *between in parted(len(order), 2 + SHARDS):
            table = Table()
            table.entries.append(early)
            for step in order[:before]:
                step(table)
            there = {each["image_id"]["S"] for each in table.entries}
            found = read(table, order[before:], [0, *between], newest_first)
            assert there <= set(found), (before, between)
            assert len(set(found)) == len(found)
            tried += 1
    assert 6 * 126 == tried


@pytest.mark.usefixtures("hurried")
def test_a_day_is_marked_before_its_first_row_is_in_another_shard():
    table = Table()
    for step in Writer(in_other_shard(2)).steps():
        step(table)
        assert PREFIX + SPREAD in table.items or not table.entries
    assert {f"{SPREAD}#2"} == {each["day_shard"]["S"] for each in table.entries}


def test_one_process_lists_ten_a_second_in_the_first_shard_for_as_long_as_it_likes():
    table, clock = Table(), MovingClock()
    spread = process(table, clock)
    for _ in range(5 * MOST_LISTED):
        clock.move(COUNTED_FOR / MOST_LISTED)
        assert NEW_TABLE == spread.layout_to_list(SPREAD, NEW_TABLE)
    assert {} == table.items
    for _ in range(MOST_LISTED):
        spread.layout_to_list(SPREAD, NEW_TABLE)
    assert NEW_TABLE.of_spread_day() == spread.layout_to_list(SPREAD, NEW_TABLE)
    assert set() == spread.among([f"{CAMERA}#2044-05-18"])
    assert {SPREAD} == spread.among([SPREAD, f"{CAMERA}#2044-05-18"]) == process(table).among([SPREAD])


def test_what_is_listed_again_in_its_day_spreads_none_and_goes_by_what_is_known():
    table = Table()
    spread = process(table)
    for _ in range(5 * MOST_LISTED):
        assert NEW_TABLE == spread.layout_to_list(SPREAD, NEW_TABLE, is_new=False)
    assert {} == table.items
    spread.spread(SPREAD)
    assert NEW_TABLE.of_spread_day() == spread.layout_to_list(SPREAD, NEW_TABLE, is_new=False)


@pytest.mark.parametrize(
    ("part", "is_marked"), [(None, False), (f"{SPREAD}#0", False), (f"{SPREAD}#1", True), (f"{SPREAD}#3", True)]
)
def test_the_day_of_a_row_in_another_shard_is_marked_again(part, is_marked):
    table = Table()
    process(table).mark_again(part)
    assert is_marked == (PREFIX + SPREAD in table.items)
    assert int(is_marked) == table.counted
    process(table).mark_again(part)
    assert int(is_marked) == table.counted


def test_an_entry_that_is_in_two_shards_for_a_moment_is_listed_once():
    table, twice = Table(), in_other_shard(2)
    process(table).spread(SPREAD)
    table.entries += [to_item(encode_row(twice, each)) for each in (NEW_TABLE, NEW_TABLE.of_spread_day())]
    assert [twice.image_id] == [each.image_id for each in store_over(table).by_day(CAMERA, DAY)]


def test_a_thousand_images_a_second_of_one_cameras_day_spread_over_four_partitions():
    """Fifty processes, each as fast as one can be. What the first partition refuses would spread the day at once."""
    processes, a_second = 50, 1_000
    table, clock = Table(), MovingClock()
    writers = [process(table, clock) for _ in range(processes)]
    by_second = []
    for second in range(10):
        in_shards = Counter[str]()
        for number in range(a_second):
            each = row(second * a_second + number)
            layout = writers[number % processes].layout_to_list(SPREAD, NEW_TABLE)
            in_shards[encode_row(each, layout)["day_shard"]] += 1
        by_second.append(in_shards)
        clock.move(timedelta(seconds=1))
    assert [1, 1, 1, 1, 1, SHARDS, SHARDS, SHARDS, SHARDS, SHARDS] == [len(each) for each in by_second]
    assert all(200 <= count <= 300 for each in by_second[5:] for count in each.values())
    assert 1 == table.counted, "however many processes mark it"


def test_what_a_process_knows_of_days_is_bounded(monkeypatch):
    monkeypatch.setattr(spread_days, "MOST_DAYS_COUNTED", 3)
    monkeypatch.setattr(spread_days, "MOST_DAYS_REMEMBERED", 2)
    table = Table()
    spread = process(table)
    for number in range(9):
        spread.layout_to_list(f"gate#{number}", NEW_TABLE)
        spread.spread(f"yard#{number}")
    assert (3, 2) == (len(spread._listed), len(spread._spread))
    assert {f"yard#{number}" for number in range(9)} == spread.among(f"yard#{number}" for number in range(9))


@pytest.mark.parametrize(
    ("name", "reason", "index", "is_full"),
    [
        ("ThrottlingReasons", OVER_ITS_UNITS, "by_day_sharded", True),
        ("throttlingReasons", OVER_ITS_UNITS, "by_day_sharded", True),
        ("ThrottlingReasons", OVER_ITS_UNITS, "feed", False),
        ("ThrottlingReasons", "IndexWriteAccountLimitExceeded", "by_day_sharded", False),
    ],
)
def test_a_shard_is_full_if_dynamodb_says_so_of_its_index(name, reason, index, is_full):
    reasons = [{"reason": reason, "resource": f"arn:aws:dynamodb:eu-west-1:1:table/t/index/{index}"}]
    error = Unavailable("t")
    error.__cause__ = ClientError({"Error": {"Code": "ThrottlingException"}, name: reasons}, "UpdateItem")  # type: ignore[misc]
    assert is_full == is_of_full_shard(error, "by_day_sharded")
    assert not is_of_full_shard(Unavailable("t"), "by_day_sharded")
