"""The stores of users under test: the fake, and the real one over a new table."""

from typing import Any

import pytest

from sightline.storage.users.dynamodb import DynamoUserStore
from sightline.storage.users.protocol import UserStore
from sightline.testing.clocks import MovingClock
from sightline.testing.users import InMemoryUserStore


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: MovingClock) -> UserStore:
    if request.param == "memory":
        return InMemoryUserStore(clock)
    client: Any = request.getfixturevalue("dynamodb_client")
    made = DynamoUserStore(client, request.getfixturevalue("table_prefix"), clock)
    made.setup()
    return made
