"""The stores of verdicts under test: the twin, and the real one over new tables; each with the marks that it leaves."""

from typing import Any

import pytest

from stores.operations.dynamodb import DynamoOperationStore
from stores.operations.memory import InMemoryOperationStore
from stores.operations.protocol import OperationStore
from stores.verdicts.dynamodb import DynamoVerdictStore
from stores.verdicts.memory import InMemoryVerdictStore
from stores.verdicts.protocol import VerdictStore
from tests.clocks import MovingClock
from tests.integration.verdicts.stories import Stores


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def dynamo(dynamodb_client: Any, table_prefix: str, clock: MovingClock) -> Stores:
    operations = DynamoOperationStore(dynamodb_client, table_prefix, clock)
    verdicts = DynamoVerdictStore(dynamodb_client, table_prefix)
    for store in (operations, verdicts):
        store.setup()
    return Stores(verdicts, operations)


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: MovingClock) -> Stores:
    if request.param == "memory":
        operations = InMemoryOperationStore(clock)
        return Stores(InMemoryVerdictStore(operations), operations)
    made: Stores = request.getfixturevalue("dynamo")
    return made


@pytest.fixture
def verdicts(stores: Stores) -> VerdictStore:
    return stores.verdicts


@pytest.fixture
def operations(stores: Stores) -> OperationStore:
    return stores.operations
