"""A full sync over a real graph that is newer than its rows, which were restored from a backup."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import neo4j
import pytest

from sightline.graph.protocol import GraphStore
from sightline.services.going_back import GoingBack, survey
from sightline.services.graph_merge import graph_image
from sightline.testing.fake import uri_of
from tests.integration.sync.conftest import Place
from tests.writing import analysed, ended

CAT = (("Cat", 80.0),)
FIRST, SECOND, THIRD, LATE = (uri_of(name) for name in ("01", "02", "03", "late"))


@pytest.fixture
def mixed(twins: Place, driver: neo4j.Driver, real_graph: GraphStore) -> Place:
    """Return a sightline with a real graph, and its rows in memory, where they can be restored."""
    place = Place(replace(twins.services, graph=real_graph), twins.clock, driver)
    for image_id in (FIRST, SECOND, THIRD):
        analysed(place.services.images, image_id, place.clock.now)
    place.sync()
    return place


def going_back(place: Place) -> GoingBack:
    services = place.services
    return GoingBack(services.images, services.graph, services.operations)


def test_versions_go_down_strangers_go_and_deleted_images_come_back(mixed):
    images, rows = mixed.services.images, mixed.services.images._rows
    before, kept = mixed.triples(), deepcopy(rows)
    analysed(images, FIRST, mixed.clock.now, found=CAT, asked="2")
    analysed(images, LATE, mixed.clock.now, "gate", found=CAT)
    ended(images, SECOND)
    mixed.clock.move(timedelta(minutes=5))
    mixed.sync()
    assert before != mixed.triples()
    rows.clear()
    rows.update(kept)
    back = going_back(mixed)
    assert 3 == survey(back, lambda _: None).newer
    assert 3 == sum(back.take_back(page) for page in back.pages())
    assert before == mixed.triples()
    versions = mixed.services.graph.versions([FIRST, SECOND, THIRD])
    assert {image_id: rows[image_id].version for image_id in versions} == versions
    assert 0 == survey(back, lambda _: None).newer


def test_a_row_that_changed_before_the_lock_was_held_is_left(mixed):
    images, graph = mixed.services.images, mixed.services.graph
    should = replace(graph_image(images.get(FIRST)), version=1, findings={"labels": CAT}, replaces=2)
    before = mixed.triples()
    assert [False] == [each.is_changed for each in graph.lower([replace(should, replaces=3)], lambda names: {*names})]
    (shown,) = graph.versions([FIRST]).values()
    outcomes = graph.lower([replace(should, replaces=shown)], lambda _: set())
    assert [False] == [each.is_changed for each in outcomes]
    assert before == mixed.triples()


def test_a_merge_waits_for_the_lock_and_then_writes_over_the_lower_version(mixed):
    images, graph = mixed.services.images, mixed.services.graph
    image = graph_image(images.get(FIRST))
    newer = replace(image, version=image.version + 1, findings={"labels": CAT})
    merge = Thread(target=graph.merge, args=([newer],))
    waited = []

    def while_locked(names):
        merge.start()
        merge.join(1)
        waited.append(merge.is_alive())
        return {*names}

    lower = replace(image, version=1, replaces=image.version)
    assert [True] == [each.is_changed for each in graph.lower([lower], while_locked)]
    merge.join(30)
    assert ([True], {FIRST: newer.version}) == (waited, graph.versions([FIRST]))
