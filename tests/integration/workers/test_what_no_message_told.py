"""Backfill and sweep to their end: a real bucket that only fills, a real broker, and a real worker."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sightline.models.images import Lane, State
from sightline.queues.steps import lane_queue
from sightline.services.backfill import backfill
from sightline.services.collaborators import provide
from sightline.services.sweep import sweep
from sightline.storage.buckets.protocol import ObjectUri, Prefix, walk
from sightline.testing.fake import FakeSightline, picture
from tests.integration.test_buckets import s3
from tests.integration.workers.test_refused_and_poison import RealClock, until, working

QUEUES = [lane_queue(name, lane) for name in ("ingest", "labels", "rows", "graph") for lane in Lane]


@pytest.fixture
def place(s3_endpoint) -> Iterator[Prefix]:
    buckets, name = s3(s3_endpoint), f"test-{uuid4().hex}"
    buckets.create(name)
    yield Prefix(name)
    for each in walk(buckets, name, ""):
        buckets.delete(each.uri)


@pytest.fixture
def world(s3_endpoint, place) -> FakeSightline:
    world = FakeSightline(clock=RealClock(), features=("labels",))
    plan = replace(world.services.sweep, prefixes=[place])
    world.services = replace(world.services, buckets=s3(s3_endpoint), sweep=plan)
    provide(world.services)
    return world


def test_a_bucket_that_only_fills_is_carried_by_backfill_and_kept_by_the_sweep(app, world, place):
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    old, overwritten, deleted, new = (ObjectUri(place.bucket, f"yard/{today}/{n}.jpg") for n in range(4))
    for shade, each in enumerate((old, overwritten, deleted)):
        world.services.buckets.put(each, picture(shade))

    def states() -> list[State | None]:
        rows = world.images.get_many(map(str, (old, overwritten, deleted, new)))
        return [row.state if (row := rows.get(str(uri))) else None for uri in (old, overwritten, deleted, new)]

    with working(app, world, QUEUES):
        assert 3 == [*backfill(place, world.services)][-1].sent
        assert until(world, lambda: states() == [State.COMPLETE] * 3 + [None])
        assert {Lane.BACKFILL} == {row.lane for row in world.images.scan(None)}
        for shade, each in enumerate((overwritten, new), 8):
            world.services.buckets.put(each, picture(shade))
        world.services.buckets.delete(deleted)
        sweep(world.services, lambda: True)
        assert until(world, lambda: states() == [State.COMPLETE, State.COMPLETE, State.GONE, State.COMPLETE])
        assert until(world, lambda: 5 == len(world.detector.asked))
    assert [] == list(world.operations.dead_letters.read())
