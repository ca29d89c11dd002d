"""An image that got stuck is left alone until somebody asks for it again."""

import pytest

from sightline.errors import Poisonous, RejectedError, UnreadableAnswer
from sightline.models.images import Lane, State
from sightline.queues.steps import DETECT, INGEST, ingest_step
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import keep_failure
from sightline.services.parity import expected
from sightline.services.sync import is_due
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline, picture, uri_of

URI = uri_of("01")


@pytest.fixture
def world() -> FakeSightline:
    """Give a world with an image that is stuck, since nobody could read its answer; its message comes once more."""
    world = FakeSightline(features=("labels",))
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    world.detector.script.append(UnreadableAnswer(URI))
    with pytest.raises(UnreadableAnswer) as unreadable:
        world.do(world.sent[0])
    refuse(world, unreadable.value, DETECT)
    return world


def refuse(world: FakeSightline, error: RejectedError, step: str) -> None:
    """Keep what a step was refused for, as its task does."""
    kept = {"image_id": URI, "operations": world.operations, "clock": world.clock}
    write_dead_letter(error, step=step, message={"uri": URI}, **kept)  # type: ignore[arg-type]
    keep_failure(error, URI, step, images=world.images, operations=world.operations)


@pytest.mark.parametrize("step", ["the call", "the ingest before it"])
def test_a_message_that_comes_twice_pays_nothing_for_an_image_that_is_stuck(world, step):
    if step != "the call":
        world.send([ingest_step(URI, Lane.LIVE)])
    world.run()
    assert (1, State.STUCK) == (len(world.detector.asked), world.images.get(URI).state)


def redriven(world: FakeSightline, _: str) -> None:
    world.redrive()


def overwritten(world: FakeSightline, uri: str) -> None:
    world.put(uri, picture(1))
    world.send([ingest_step(uri, Lane.LIVE)])


@pytest.mark.parametrize("ask", [FakeSightline.add, redriven, overwritten])
def test_an_image_that_is_stuck_is_asked_about_again_where_it_is_added_redriven_or_other(world, ask):
    world.run()
    ask(world, URI)
    world.run()
    assert (2, State.COMPLETE) == (len(world.detector.asked), world.images.get(URI).state)


def test_a_call_from_before_says_nothing_of_an_image_that_was_asked_for_again(world):
    redriven(world, URI)
    refuse(world, UnreadableAnswer(URI), DETECT)
    world.run()
    assert State.COMPLETE is world.images.get(URI).state


def test_an_image_that_was_gone_and_gets_stuck_is_not_shown_again():
    world = FakeSightline(features=("labels",))
    world.put(URI, picture())
    world.add(URI)
    world.run()
    world.buckets.delete(ObjectUri.parse(URI))
    world.send([ingest_step(URI, Lane.LIVE)])
    world.run()
    assert State.GONE is world.images.get(URI).state
    world.add(URI)
    refuse(world, Poisonous(URI), INGEST)
    row = world.images.get(URI)
    assert (State.STUCK, None, False) == (row.state, expected(URI, row), is_due(row, None))  # type: ignore[arg-type]
