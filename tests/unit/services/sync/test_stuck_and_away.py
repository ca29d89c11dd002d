"""Images that got stuck, and an S3 that is away: the sync shows what it can, and goes on."""

import json
from dataclasses import replace

import pytest

from sightline.errors import Unavailable
from sightline.models.images import Rejection, State
from sightline.services.parity import Comparison
from sightline.services.sync import KEY, sync_with
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import CHECKPOINTS, uri_of
from sightline.testing.graph import InMemoryGraphStore
from tests.writing import analysed, begun

COPY = ObjectUri(CHECKPOINTS, KEY)
URI = uri_of("01")
WHY = Rejection("Exhausted", f"{URI}: it failed again and again. Mend it.")


class AwayBuckets:
    """Buckets of which one kind of request is not answered."""

    def __init__(self, buckets, refused):
        self._buckets, self._refused = buckets, refused

    def __getattr__(self, name):
        if name in self._refused:
            raise Unavailable("S3")
        return getattr(self._buckets, name)


def stuck_after_it_was_shown(world):
    """Return an image that was merged while the reconciler gave it up."""
    row = analysed(world.images, URI, world.clock.now)
    assert world.images.give_up(row, WHY)
    sync_with(world.services).run(1, lambda: True)
    world.images.mark_merged(URI, row.version)
    return row


def findings_of(world):
    (day,) = {row.capture.camera_day for row in world.images.scan()}
    comparison = Comparison(world.images, world.graph)
    return [each for _, found in comparison.of_day(day) for each in found]


def test_an_image_that_got_stuck_on_its_way_is_left_as_it_was_shown(world, tick):
    analysed(world.images, URI, world.clock.now)
    tick()
    before = world.graph.triples()
    world.images.give_up(begun(world.images, URI, world.clock.now, asked="2"), WHY)
    assert (0, 0, before) == ((outcome := tick())["merged"], outcome["in_flight"], world.graph.triples())
    assert ([], State.STUCK) == (findings_of(world), world.images.get(URI).state)


def test_an_image_that_got_stuck_before_it_was_ever_shown_is_no_difference(world, tick):
    world.images.give_up(analysed(world.images, URI, world.clock.now), WHY)
    assert 0 == tick()["merged"]
    assert ([], set()) == (findings_of(world), world.graph.triples())


def test_a_new_graph_shows_an_image_that_got_stuck_when_all_of_it_was_shown(world):
    row = stuck_after_it_was_shown(world)
    world.services = replace(world.services, graph=InMemoryGraphStore(clock=world.clock))
    outcome = sync_with(world.services).run(2, lambda: True)
    assert (1, {URI: row.version}) == (outcome["merged"], world.services.graph.versions([URI]))
    assert State.STUCK is world.images.get(URI).state


def test_parity_mends_an_image_that_got_stuck_when_all_of_it_was_shown(world):
    row = stuck_after_it_was_shown(world)
    (finding,) = findings_of(world)
    assert 1 == Comparison(world.images, world.graph).repair([finding])
    assert ([], {URI: row.version}) == (findings_of(world), world.graph.versions([URI]))


@pytest.mark.parametrize("refused", [{"head", "put"}, {"put"}])
def test_while_s3_is_away_the_graph_and_its_position_go_on_and_a_later_run_publishes(world, tick, refused):
    tick()
    published, before = world.buckets.get(COPY)[1], world.graph.sync_state().positions
    there, world.services = world.services, replace(world.services, buckets=AwayBuckets(world.buckets, refused))
    analysed(world.images, URI, world.clock.now)
    outcome = tick()
    assert (1, 1, True) == (outcome["read"], outcome["merged"], outcome["is_complete"])
    now = world.graph.sync_state().positions
    assert all(before[shard] < now[shard] for shard in before)
    assert published == world.buckets.get(COPY)[1]
    world.services = there
    assert 0 == tick()["merged"]
    copy = json.loads(world.buckets.get(COPY)[1])
    assert {str(shard): position for shard, position in world.graph.sync_state().positions.items()} == copy["positions"]
