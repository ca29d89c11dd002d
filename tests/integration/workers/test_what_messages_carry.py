"""A real worker over a real broker: what the chain carries reaches the next step, and nothing is read for it."""

from copy import copy
from dataclasses import replace

import pytest

from sightline.models.images import Lane, State
from sightline.queues.publishing import publish
from sightline.queues.steps import ingest_step
from sightline.services.collaborators import provide
from tests.integration.workers.test_refused_and_poison import URIS, until, working, world

__all__ = ["world"]


@pytest.fixture
def reads(world) -> list[str]:
    """Note each read of an entry of the ledger or of a row by itself."""
    noted: list[str] = []
    ledger, images = copy(world.ledger), copy(world.images)

    def noting(get):
        return lambda name: noted.append(name) or get(name)

    ledger.get, images.get = noting(world.ledger.get), noting(world.images.get)
    world.services = replace(world.services, ledger=ledger, images=images)
    provide(world.services)
    return noted


def test_a_new_image_goes_through_the_queues_and_nothing_is_read_by_itself(app, world, reads):
    with working(app, world):
        assert world.images.add(URIS[0], Lane.LIVE)
        publish([ingest_step(URIS[0], Lane.LIVE, is_new=True)])
        assert until(world, lambda: (row := world.images.get(URIS[0])) and row.state is State.COMPLETE)
    assert [] == reads
    assert 1 == len(world.detector.asked)


def test_a_message_of_another_sender_costs_one_read_of_its_row(app, world, reads):
    with working(app, world):
        world.images.add(URIS[0], Lane.LIVE)
        publish([ingest_step(URIS[0], Lane.LIVE)])
        assert until(world, lambda: (row := world.images.get(URIS[0])) and row.state is State.COMPLETE)
    assert [URIS[0]] == reads
    assert 1 == len(world.detector.asked)
