"""The image stores under test: the twin, and the real one where its server is."""

import os
from collections.abc import Callable, Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from sightline.storage.images import spread_days
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.keys import ShardChoice, Shards
from sightline.storage.images.protocol import ImageStore
from sightline.testing.clocks import MovingClock
from sightline.testing.images import InMemoryImageStore
from tests.integration.images.stories import Story

SHARDS = Shards(feed=3, unfinished=2, day=3)


_days = count(step=2)
"""Of the tests' clocks: one test goes on to the next day, and all write to one table."""


@pytest.fixture
def clock() -> MovingClock:
    clock = MovingClock()
    clock.move(timedelta(days=next(_days)))
    return clock


@pytest.fixture(scope="package")
def real_table(dynamodb_client) -> Iterator[str]:
    """Give the prefix of one table for all tests here: to create one takes longer than a test."""
    prefix = f"test-{os.getpid()}-{uuid4().hex[:8]}-"
    DynamoImageStore(dynamodb_client, prefix, lambda: datetime.now(UTC)).setup(ShardChoice(*astuple(SHARDS)))
    yield prefix
    dynamodb_client.delete_table(TableName=f"{prefix}images")


@pytest.fixture
def real_images(dynamodb_client, real_table, clock) -> DynamoImageStore:
    return DynamoImageStore(dynamodb_client, real_table, clock)


@pytest.fixture(params=["memory", "dynamodb", "dynamodb, spread"])
def images(request, clock, monkeypatch) -> ImageStore:
    """Give a store whose days are in one shard, or, of the third kind, spread from the first image on."""
    if request.param == "memory":
        return InMemoryImageStore(clock, SHARDS)
    if request.param == "dynamodb, spread":
        monkeypatch.setattr(spread_days, "MOST_LISTED", 0)
    return DynamoImageStore(request.getfixturevalue("dynamodb_client"), request.getfixturevalue("real_table"), clock)


@pytest.fixture
def camera() -> str:
    """Give a camera that no other test has."""
    return f"camera-{uuid4().hex[:8]}"


@pytest.fixture
def new_id(camera) -> Callable[[], str]:
    numbers = count()
    return lambda: f"s3://bucket/{camera}/{next(numbers)}.jpg"


@pytest.fixture
def story(images, camera, clock) -> Story:
    return Story(images, camera, clock)
