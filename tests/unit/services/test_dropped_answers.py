"""What an image's row says of answers that were dropped, what that changes, and what it costs: no request."""

from collections import Counter
from dataclasses import fields, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from sightline.models.images import AskedBy, Drops, ImageRow, State
from sightline.services.held import DROPS
from sightline.services.results import result_of
from sightline.testing.fake import FakeSightline, picture, uri_of
from tests.unit.services.test_bytes_that_change import (
    URI,
    large_picture,
    mend_until_complete,
    overwritten_during_each_call,
)


class Counting:
    """A store that counts the requests that are made of it."""

    def __init__(self, name: str, store: Any, asked: Counter[str]) -> None:
        self._name, self._store, self._asked = name, store, asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if callable(found):
            self._asked[f"{self._name}.{name}"] += 1
        return found


class Counted(FakeSightline):
    """A sightline that counts what is asked of its stores; what each process reads every few seconds is left out."""

    def __init__(self) -> None:
        super().__init__(features=("labels",))
        self.asked: Counter[str] = Counter()
        operations = self.services.operations
        small: dict[str, Any] = {
            each.name: Counting(each.name, getattr(operations, each.name), self.asked)
            for each in fields(operations)
            if each.name not in {"table", "bucket_refusals", "pauses", "usage"}
        }
        self.services = replace(
            self.services,
            images=Counting("images", self.images, self.asked),
            buckets=Counting("buckets", self.buckets, self.asked),
            ledger=Counting("ledger", self.ledger, self.asked),
            operations=replace(operations, **small),
        )


def row_of(world: FakeSightline, uri: str = URI) -> ImageRow:
    row = world.images.get(uri)
    assert row is not None
    return row


@pytest.fixture
def front() -> FakeSightline:
    world = FakeSightline(features=("labels",))
    world.put(URI, picture(1))
    world.add(URI)
    return world


def test_an_image_that_stands_still_was_asked_about_by_its_name(front):
    front.run()
    row = row_of(front)
    assert (None, AskedBy.NAME) == (row.drops, row.parts["labels"].asked_by)


@pytest.mark.parametrize(
    ("pictures", "asked_by"), [(picture, AskedBy.BYTES), (large_picture, AskedBy.COPY)], ids=["small", "large"]
)
def test_the_row_says_how_many_answers_were_dropped_and_that_it_was_asked_about_otherwise(front, pictures, asked_by):
    front.put(URI, pictures(0))
    front.detector.script.append(overwritten_during_each_call(front, map(pictures, count(2))))
    assert DROPS == mend_until_complete(front, 10)
    row = row_of(front)
    assert (State.COMPLETE, asked_by) == (row.state, row.parts["labels"].asked_by)
    assert row.drops is not None
    assert (DROPS, True) == (row.drops.count, row.drops.are_recent(front.clock()))


def test_if_the_process_dies_before_the_row_is_written_the_ledger_says_how_it_was_asked_about(front):
    front.detector.script.append(overwritten_during_each_call(front, map(picture, count(2))))
    mend_until_complete(front, 10)
    row = row_of(front)
    entry = front.ledger.get(row.wanted["labels"])
    assert entry is not None
    assert row.parts["labels"] == result_of(entry)
    assert AskedBy.BYTES is result_of(entry).asked_by


def test_drops_are_counted_anew_after_a_day_without_one(front):
    for expected in (1, 2):
        front.images.note_drop(row_of(front))
        assert Drops(expected, front.clock()) == row_of(front).drops
    front.clock.move(timedelta(days=1))
    front.images.note_drop(row_of(front))
    assert Drops(1, front.clock()) == row_of(front).drops


def test_an_image_that_was_overwritten_long_ago_is_asked_about_by_its_name(front):
    for _ in range(DROPS):
        front.images.note_drop(row_of(front))
    front.clock.move(timedelta(days=1))
    front.put(URI, picture(2))
    front.run()
    assert AskedBy.NAME is row_of(front).parts["labels"].asked_by


def test_a_fresh_image_costs_no_request_for_drops():
    world = Counted()
    uri = uri_of("07")
    world.put(uri, picture(1))
    world.add(uri)
    world.run()
    assert {
        "images.add_many": 1,
        "buckets.get": 1,
        "buckets.head": 1,
        "images.begin": 1,
        "ledger.claim": 1,
        "ledger.settle": 1,
        "images.write_result": 1,
        "images.mark_analysed": 1,
    } == {name: number for name, number in world.asked.items() if not name.startswith("dirty_days")}


def test_an_image_that_is_overwritten_costs_one_request_for_each_drop():
    world = Counted()
    world.put(URI, picture(1))
    world.add(URI)
    world.detector.script.append(overwritten_during_each_call(world, map(picture, count(2))))
    assert DROPS == mend_until_complete(world, 10)
    assert DROPS == world.asked["images.note_drop"]
    assert not [name for name in world.asked if name.startswith("attempts")]
