"""One small sightline of twins, and its sync as beat runs it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tasks.sync.run import NAME, sync_in_turn
from tasks.turns import take_turn
from tests.world import World

TICK = timedelta(minutes=5)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def tick(world: World) -> Callable[[], dict[str, object]]:
    """Give what runs the sync once, five minutes later, and gives its outcome."""

    def run() -> dict[str, object]:
        world.clock.move(TICK)
        assert take_turn(NAME, world.services, lambda turn: sync_in_turn(turn, world.services))
        return dict(world.operations.last_runs()[NAME].outcome)

    return run
