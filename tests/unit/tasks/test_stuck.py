"""An image that got stuck is left alone until somebody asks for it again."""

import pytest

from stores.rows import Lane, State
from tasks.failures import keep_failure
from tasks.steps import ingest_step
from tests.world import World, picture, uri_of
from vision.errors import UnreadableAnswer

URI = uri_of("01")


@pytest.fixture
def world() -> World:
    """Give a world with an image that is stuck, since nobody could read its answer; its message comes once more."""
    world = World(features=("labels",))
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    world.detector.script.append(UnreadableAnswer(URI))
    with pytest.raises(UnreadableAnswer) as unreadable:
        world.do(world.sent[0])
    keep_failure(unreadable.value, URI, world.images)
    return world


def test_a_message_that_comes_twice_pays_nothing_for_an_image_that_is_stuck(world):
    world.run()
    assert (1, State.STUCK) == (len(world.detector.asked), world.images.get(URI).state)


@pytest.mark.parametrize("ask", [World.add, lambda world, uri: world.send([ingest_step(uri, Lane.LIVE)])])
def test_an_image_that_is_stuck_is_asked_about_again_where_it_is_added_or_redriven(world, ask):
    world.run()
    ask(world, URI)
    world.run()
    assert (2, State.COMPLETE) == (len(world.detector.asked), world.images.get(URI).state)
