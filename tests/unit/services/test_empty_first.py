"""Uploads that are empty first and whole a moment later, as s3fs and FTP gateways make them."""

from datetime import timedelta

import pytest

from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.timing import EMPTY_FOR

URI = uri_of("01")


@pytest.fixture
def world():
    return FakeSightline()


def announce(world, uri=URI):
    """Tell of an object as an S3 event does: by its message alone."""
    world.send([ingest_step(uri, Lane.LIVE)])
    world.run_now()


def letters(world):
    return [(each.error, each.image_id) for each in world.operations.dead_letters.read()]


def test_an_empty_object_is_not_there_yet_and_its_message_comes_back(world):
    world.put(URI, b"")
    announce(world)
    assert (State.RECEIVED, []) == (world.images.get(URI).state, letters(world))
    assert [URI] == [step.args[0] for step in world.later]


def test_one_that_is_written_late_is_analysed_without_a_second_message(world):
    world.put(URI, b"")
    announce(world)
    world.put(URI, picture())
    world.run()
    assert (State.COMPLETE, []) == (world.images.get(URI).state, letters(world))
    assert len(world.features) == len(world.detector.asked)


def test_the_message_of_the_empty_object_that_comes_after_the_whole_one_changes_nothing(world):
    world.put(URI, b"")
    announce(world)
    world.put(URI, picture())
    announce(world)
    version = world.images.get(URI).version
    world.run()
    assert (State.COMPLETE, version) == (world.images.get(URI).state, world.images.get(URI).version)
    assert len(world.features) == len(world.detector.asked)


def test_one_that_stays_empty_is_rejected_after_three_minutes(world):
    world.put(URI, b"")
    uploaded_at = world.clock()
    announce(world)
    world.run()
    assert (State.REJECTED, [("EmptyImage", URI)]) == (world.images.get(URI).state, letters(world))
    assert EMPTY_FOR <= world.clock() - uploaded_at < EMPTY_FOR + timedelta(minutes=1)


def test_an_old_empty_object_is_rejected_at_once(world):
    world.put(URI, b"")
    world.clock.move(EMPTY_FOR)
    announce(world)
    assert (State.REJECTED, [("EmptyImage", URI)]) == (world.images.get(URI).state, letters(world))


def test_an_image_that_is_being_overwritten_keeps_what_is_known_of_it(world):
    world.put(URI, picture(1))
    announce(world)
    world.put(URI, b"")
    announce(world)
    assert State.COMPLETE is world.images.get(URI).state
    world.put(URI, picture(2))
    world.run()
    assert (State.COMPLETE, []) == (world.images.get(URI).state, letters(world))
    assert 2 * len(world.features) == len(world.detector.asked)
