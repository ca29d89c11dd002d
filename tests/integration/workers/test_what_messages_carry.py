"""A real worker over a real broker: what the chain carries reaches the next step, and nothing is read for it."""

from copy import copy
from dataclasses import replace

import pytest
import redis

from sightline.models.images import Lane, State
from sightline.queues.publishing import publish
from sightline.queues.steps import ingest_step
from sightline.services.collaborators import provide
from tests.integration.workers.test_refused_and_poison import URIS, until, working, world

__all__ = ["world"]


@pytest.fixture
def reads(world) -> list[str]:
    """Note each read of the ledger."""
    noted: list[str] = []
    ledger = copy(world.ledger)
    get = world.ledger.get
    ledger.get = lambda analysis_id: noted.append(analysis_id) or get(analysis_id)
    world.services = replace(world.services, ledger=ledger)
    provide(world.services)
    return noted


def test_an_image_goes_through_the_queues_without_a_read_of_the_ledger(app, world, reads, redis_url):
    with working(app, world):
        publish([ingest_step(URIS[0], Lane.LIVE)])
        assert until(world, lambda: (row := world.images.get(URIS[0])) and row.state is State.COMPLETE)
    assert [] == reads
    assert 1 == len(world.detector.asked)
    prefix = app.conf.broker_transport_options["global_keyprefix"]
    with redis.Redis.from_url(redis_url) as client:
        assert 0 == client.hlen(f"{prefix}unacked")
