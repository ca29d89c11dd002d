"""The ledgers under test: the twin, and the real one over a new table."""

from collections.abc import Callable
from typing import Any

import pytest

from sightline.storage.buckets.protocol import Buckets
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.ledger.protocol import Entry, Ledger
from sightline.testing.buckets import InMemoryBuckets
from sightline.testing.clocks import MovingClock
from sightline.testing.ledger import InMemoryLedger
from tests.integration.ledger.stories import BUCKET


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def buckets(clock: MovingClock) -> InMemoryBuckets:
    held = InMemoryBuckets(clock)
    held.create(BUCKET)
    return held


@pytest.fixture
def make_dynamo(
    dynamodb_client: Any, table_prefix: str, clock: MovingClock, buckets: InMemoryBuckets
) -> Callable[..., DynamoLedger]:
    """Make ledgers over one new table."""

    def make(client: Any = dynamodb_client, buckets: Buckets = buckets) -> DynamoLedger:
        return DynamoLedger(client, table_prefix, clock, buckets, BUCKET)

    make().setup()
    return make


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest, clock: MovingClock) -> Ledger:
    if request.param == "memory":
        return InMemoryLedger(clock)
    made: Ledger = request.getfixturevalue("make_dynamo")()
    return made


@pytest.fixture
def item_of(dynamodb_client: Any, table_prefix: str) -> Callable[[Entry], Any]:
    """Read the row of an entry as DynamoDB has it."""

    def read(entry: Entry) -> Any:
        key = {"analysis_id": {"S": entry.analysis.analysis_id}}
        return dynamodb_client.get_item(TableName=f"{table_prefix}analyses", Key=key, ConsistentRead=True)["Item"]

    return read
