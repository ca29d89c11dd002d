"""A place of its own in Redis for each test of queues."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis


@pytest.fixture
def prefix(redis_url) -> Iterator[str]:
    prefix = f"test-{uuid4().hex[:8]}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"{prefix}ingest", *client.scan_iter(f"{prefix}*"))
