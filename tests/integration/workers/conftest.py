"""A Celery application over the real broker, with keys of its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from celery import Celery

from tests.applications import application
from tests.integration.workers.dying import settings_of


@pytest.fixture
def app(redis_url: str) -> Iterator[Celery]:
    prefix = f"test-{uuid4().hex[:8]}:"
    app = application(settings_of(redis_url, prefix))
    app.set_current()
    yield app
    app.close()
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"{prefix}x", *client.scan_iter(f"{prefix}*"))
