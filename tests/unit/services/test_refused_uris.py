"""An image whose URI is refused, by us or by S3, ends."""

from dataclasses import replace

import pytest

from sightline.errors import InvalidUri
from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.testing.fake import FakeSightline, picture
from tests.unit.services.test_the_way_of_an_image import URI, dead_letters, state_of


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline()
    world.put(URI, picture())
    return world


def test_an_image_that_was_taken_in_under_a_uri_now_refused_ends_rejected_with_a_letter(world):
    uri = "s3://user:secret@images/yard/x.jpg"
    world.images.add(uri, Lane.LIVE)
    world.send([ingest_step(uri, Lane.LIVE)])
    world.run()
    assert (state_of(world, uri), dead_letters(world)) == (State.REJECTED, [("InvalidUri", uri)])
    assert [] == list(world.images.unfinished())


def test_a_uri_that_only_s3_refuses_ends_rejected_with_a_letter(world):
    class Refusing:
        """Buckets that know a rule of S3 which we do not."""

        def get(self, uri):
            raise InvalidUri(str(uri))

    world.services = replace(world.services, buckets=Refusing())
    world.add(URI)
    world.run()
    assert (state_of(world), dead_letters(world)) == (State.REJECTED, [("InvalidUri", URI)])
    assert [] == list(world.images.unfinished())


def test_a_message_whose_uri_names_no_object_makes_no_row(world):
    with pytest.raises(InvalidUri):
        world.services.ingest.ingest("s3://images/../x", Lane.LIVE, may_be_late=True, is_new=False)
    assert world.images.get("s3://images/../x") is None
