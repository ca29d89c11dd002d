"""How many read and write units one image costs with all its steps: what `bench/README.md` says, and the goals.

The steps are the real ones over DynamoDB Local, and the answers those of `make bench-pipeline`: a dozen labels, one
face, three lines of text. Counters and what each process asks every few seconds are not in it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.pipeline_pictures import ANSWERS
from sightline.models.images import State
from sightline.rekognition.features import feature_named
from sightline.services.need import Near, Need
from sightline.storage.dynamodb.table import Update
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import dynamo_operations
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import CHECKPOINTS, FakeSightline, ScriptedDetector, picture, uri_of
from tests.integration.images.units import Units, counted
from tests.unit.services.like_pictures import looking

MOST_WRITTEN = 30
MOST_READ = 7
TAKEN_AT = datetime(2026, 11, 2, 11, 1, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


class UsualDetector(ScriptedDetector):
    """Answers as Rekognition does for a picture of a yard."""

    def _answer(self, feature, subject):  # noqa: ARG002 - the interface
        named = feature_named(feature)
        return named.parse(ANSWERS[named.operation], named.parameters)


class OneByOne(DynamoImageStore):
    """Completes each row by an UpdateItem: for the statements of a batch, DynamoDB Local tells no units."""

    def _update_many(self, updates: list[Update]) -> Iterable[bool]:
        return [self._table.update(each.key, each.change, each.only_if).is_written for each in updates]


@pytest.fixture(scope="module")
def world(dynamodb_client, module_table_prefix) -> FakeSightline:
    """Give a sightline whose rows and ledger are in DynamoDB."""
    made = FakeSightline()
    made.clock.now, made.detector = TAKEN_AT, UsualDetector()
    made.images = OneByOne(dynamodb_client, module_table_prefix, made.clock)  # type: ignore[assignment]
    ledger = DynamoLedger(dynamodb_client, module_table_prefix, made.clock, made.buckets, CHECKPOINTS)
    made.ledger = ledger  # type: ignore[assignment]
    made.images.setup()
    made.ledger.setup()
    made.services = made.make_services(made.plan)
    assert 1 <= made.images.shards.day  # read here, so that no image is charged for it
    return made


def units_of_an_image(world: FakeSightline, client, name: str, waiting: timedelta, data: bytes | None = None) -> Units:
    """Bring an image from its producer to the graph; its messages wait for so long after each step."""
    image_id = uri_of(name)
    world.put(image_id, data or picture(int(name)))
    with counted(client) as units:
        world.add(image_id)
        while world.sent:
            world.clock.move(waiting)
            world.do(world.sent.popleft())
    assert State.COMPLETE is world.images.get(image_id).state
    return units


def test_an_image_costs_at_most_thirty_write_units_and_seven_read_units(world, dynamodb_client):
    units = units_of_an_image(world, dynamodb_client, "01", timedelta(seconds=1))
    of_indexes = {"images.feed": 1, "images.unfinished": 5, "images.by_day_sharded": 4}
    assert Counter({"images": 9, "analyses": 8, **of_indexes}) == units.written
    assert Counter({"images": 1}) == units.read
    assert units.written.total() <= MOST_WRITTEN
    assert units.read.total() <= MOST_READ


def test_an_image_whose_messages_wait_for_ten_minutes_stays_within_the_same_goals(world, dynamodb_client):
    units = units_of_an_image(world, dynamodb_client, "02", TEN_MINUTES)
    assert (6, 4) == (units.written["images.unfinished"], units.read["images"])
    assert units.written.total() <= MOST_WRITTEN
    assert units.read.total() <= MOST_READ


@pytest.fixture
def sparing(world: FakeSightline, dynamodb_client, module_table_prefix) -> FakeSightline:
    """Give the same where images that look like a paid one of their minute are not paid for."""
    # By a clock that is ahead: DynamoDB Local removes what has expired by its own
    operations = dynamo_operations(dynamodb_client, module_table_prefix, MovingClock())
    operations.setup()
    world.operations = replace(world.operations, bursts=operations.bursts)
    need = Need(near=Near(seconds=60, bits=8), control_percent=1e-9)
    world.services = world.make_services(replace(world.plan, need=need))
    return world


def test_to_know_whether_an_image_looks_like_another_takes_one_read_and_one_write(sparing, dynamodb_client):
    first, second = (
        units_of_an_image(sparing, dynamodb_client, name, timedelta(seconds=1), looking(1, flipped))
        for name, flipped in (("31", 0), ("32", 3))
    )
    of_indexes = {"images.feed": 1, "images.unfinished": 5, "images.by_day_sharded": 4}
    assert Counter({"images": 11, "analyses": 8, "operations": 1, **of_indexes}) == first.written
    assert Counter({"images": 1, "operations": 1}) == first.read
    assert uri_of("31") == sparing.images.get(uri_of("32")).shown_with.image_id
    of_indexes = {"images.feed": 1, "images.unfinished": 5, "images.by_day_sharded": 3}
    assert Counter({"images": 4, **of_indexes}) == second.written
    assert Counter({"images": 3, "operations": 1}) == second.read  # its row, and once that of the other image
