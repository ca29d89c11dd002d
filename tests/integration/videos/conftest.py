"""The stores of videos under test: the fake, and the real one over a new table."""

from typing import Any

import pytest

from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.storage.videos.protocol import VideoStore
from sightline.testing.clocks import MovingClock
from sightline.testing.videos import InMemoryVideoStore


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: MovingClock) -> VideoStore:
    if request.param == "memory":
        return InMemoryVideoStore(clock)
    client: Any = request.getfixturevalue("dynamodb_client")
    made = DynamoVideoStore(client, request.getfixturevalue("table_prefix"), clock)
    made.setup()
    return made
