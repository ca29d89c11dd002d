"""The stores of verdicts under test: the twin, and the real one over new tables; each with the marks that it leaves."""

from typing import Any

import pytest

from sightline.storage.operations import Operations, dynamo_operations
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.verdicts.protocol import VerdictStore
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import in_memory_operations
from sightline.testing.verdicts import InMemoryVerdictStore
from tests.integration.verdicts.stories import Stores


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def dynamo(dynamodb_client: Any, table_prefix: str, clock: MovingClock) -> Stores:
    operations = dynamo_operations(dynamodb_client, table_prefix, clock)
    verdicts = DynamoVerdictStore(dynamodb_client, table_prefix)
    for store in (operations, verdicts):
        store.setup()
    return Stores(verdicts, operations)


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: MovingClock) -> Stores:
    if request.param == "memory":
        operations = in_memory_operations(clock)
        return Stores(InMemoryVerdictStore(operations.dirty_days), operations)
    made: Stores = request.getfixturevalue("dynamo")
    return made


@pytest.fixture
def verdicts(stores: Stores) -> VerdictStore:
    return stores.verdicts


@pytest.fixture
def operations(stores: Stores) -> Operations:
    return stores.operations
