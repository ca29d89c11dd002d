"""The stores of operations under test: the twin, and the real one over a new table."""

from collections.abc import Callable
from typing import Any

import pytest

from sightline.storage.dead_letters import DeadLetter
from sightline.storage.operations import Operations, dynamo_operations
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import in_memory_operations
from tests.integration.operations.stories import letter_of


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def make_dynamo(dynamodb_client: Any, table_prefix: str, clock: MovingClock) -> Callable[..., Operations]:
    """Make stores over one new table."""

    def make(client: Any = dynamodb_client) -> Operations:
        return dynamo_operations(client, table_prefix, clock)

    make().setup()
    return make


@pytest.fixture(params=["memory", "dynamodb"])
def operations(request: pytest.FixtureRequest, clock: MovingClock) -> Operations:
    if request.param == "memory":
        return in_memory_operations(clock)
    made: Operations = request.getfixturevalue("make_dynamo")()
    return made


@pytest.fixture
def row(dynamodb_client: Any, table_prefix: str) -> Callable[[str, str], Any]:
    """Read an item as DynamoDB has it."""

    def read(kind: str, name: str) -> Any:
        key = {"kind": {"S": kind}, "id": {"S": name}}
        return dynamodb_client.get_item(TableName=f"{table_prefix}operations", Key=key, ConsistentRead=True)["Item"]

    return read


@pytest.fixture
def dead_letter(clock: MovingClock) -> DeadLetter:
    return letter_of("s3://yard/a.jpg", clock)
