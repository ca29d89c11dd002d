"""One small sightline of twins, and its sync as beat runs it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sightline.services.leased_runs import run_under_lease
from sightline.services.sync import NAME, run_sync
from sightline.testing.fake import FakeSightline

TICK = timedelta(minutes=5)


@pytest.fixture
def world() -> FakeSightline:
    return FakeSightline()


@pytest.fixture
def tick(world: FakeSightline) -> Callable[[], dict[str, object]]:
    """Return a function that runs the sync once, five minutes later, and returns its outcome."""

    def run() -> dict[str, object]:
        world.clock.move(TICK)
        assert run_under_lease(NAME, world.services, lambda run: run_sync(run, world.services))
        return dict(world.operations.runs.last()[NAME].outcome)

    return run
