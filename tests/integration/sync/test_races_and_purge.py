"""Steps that meet: the sync, the merge step, a re-analysis, a gone image and the purge. Rows and graph end equal."""

from dataclasses import replace
from datetime import timedelta

import neo4j
import pytest

from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import GraphStore
from sightline.services.graph_merge import graph_image
from sightline.services.parity import Comparison
from sightline.services.purge import GONE_IMAGES_LAST, purge
from sightline.testing.fake import uri_of
from sightline.testing.graph import InMemoryGraphStore
from tests.integration.sync.conftest import Place
from tests.writing import analysed, ended

URI = uri_of("1")


@pytest.fixture(params=["twins", "neo4j"])
def place(request, twins) -> Place:
    """Return rows in memory, with a graph of either kind that uses the test's clock."""
    if request.param == "twins":
        twin = InMemoryGraphStore(clock=twins.clock)
        return Place(replace(twins.services, graph=twin), twins.clock)
    driver: neo4j.Driver = request.getfixturevalue("driver")
    request.getfixturevalue("real_graph")
    graph: GraphStore = Neo4jGraphStore(driver, "neo4j", clock=twins.clock)
    return Place(replace(twins.services, graph=graph), twins.clock, driver)


def later(place: Place, **by: float) -> None:
    place.clock.move(timedelta(**(by or {"minutes": 5})))
    place.sync()


def wrong(place: Place) -> list[str]:
    comparison = Comparison(place.services.images, place.services.graph)
    days = place.services.operations.dirty_days.known()
    return [each.image_id for day in days for _, found in comparison.of_day(day) for each in found]


def run_purge(place: Place) -> dict[str, object]:
    return dict(purge(place.services.graph, place.clock.now, lambda: True))


def test_a_stalled_older_merge_after_a_newer_one_changes_nothing(place):
    old = analysed(place.services.images, URI, place.clock.now, found=(("Dog", 50.0),))
    analysed(place.services.images, URI, place.clock.now, found=(("Cat", 60.0),), asked="2")
    place.sync()
    before = place.triples()
    place.services.graph.merge([graph_image(old)])
    place.services.images.mark_merged(URI, old.version)
    later(place)
    assert before == place.triples()
    assert [] == wrong(place)


def test_an_older_merge_that_commits_before_the_sync_is_written_over(place):
    place.sync()
    old = analysed(place.services.images, URI, place.clock.now, found=(("Dog", 50.0),))
    analysed(place.services.images, URI, place.clock.now, found=(("Cat", 60.0),), asked="2")
    place.services.graph.merge([graph_image(old)])
    later(place)
    assert {"Cat"} == {each[5] for each in place.triples() if each[2] == "HAS_LABEL"}
    assert [] == wrong(place)


def test_a_late_merge_of_a_gone_image_does_not_bring_it_back(place):
    old = analysed(place.services.images, URI, place.clock.now)
    place.sync()
    ended(place.services.images, URI)
    later(place)
    place.services.graph.merge([graph_image(old)])
    assert set() == place.triples()
    assert [] == wrong(place)


def test_a_late_merge_of_an_image_that_went_before_it_was_shown_is_taken_back(place):
    place.sync()
    old = analysed(place.services.images, URI, place.clock.now)
    ended(place.services.images, URI)
    later(place)
    assert {} == place.services.graph.versions([URI])
    place.services.graph.merge([graph_image(old)])  # and its process dies before it notes that
    later(place)
    assert set() == place.triples()
    assert [] == wrong(place)


def test_a_re_analysis_during_the_sync_is_shown_by_a_later_run(place):
    images = place.services.images
    first = analysed(images, URI, place.clock.now, found=(("Dog", 50.0),))
    analysed(images, URI, place.clock.now, found=(("Cat", 60.0),), asked="2")
    place.services.graph.merge([graph_image(first)])
    assert None is images.mark_merged(URI, first.version)
    place.sync()
    later(place)
    assert {"Cat"} == {each[5] for each in place.triples() if each[2] == "HAS_LABEL"}


def test_labels_texts_and_dates_without_an_image_go_and_others_stay(place):
    images = place.services.images
    analysed(images, URI, place.clock.now, found=(("Dog", 50.0), ("Person", 90.0)))
    analysed(images, uri_of("2"), place.clock.now.replace(year=2040), found=(("Person", 80.0),))
    place.sync()
    ended(images, URI)
    later(place)
    assert {"Label": 1, "ISODate": 1, "Year": 1} == run_purge(place)
    assert [] == wrong(place)
    counts = place.services.graph.counts()
    assert (1, 1, 2) == (counts.nodes["Label"], counts.nodes["ISODate"], counts.nodes["Image"])


def test_a_merge_that_remembers_a_purged_label_makes_it_anew(place):
    images = place.services.images
    analysed(images, URI, place.clock.now, found=(("Dog", 50.0),))
    place.sync()
    ended(images, URI)
    later(place)
    assert 1 == run_purge(place)["Label"]
    analysed(images, uri_of("2"), place.clock.now, found=(("Dog", 60.0),))
    later(place)
    assert {("Dog", 60.0)} == {(each[5], each[3]) for each in place.triples() if each[2] == "HAS_LABEL"}
    assert [] == wrong(place)


def test_a_gone_image_stays_as_a_bare_node_for_a_week(place):
    analysed(place.services.images, URI, place.clock.now)
    place.sync()
    ended(place.services.images, URI)
    later(place)
    place.clock.move(GONE_IMAGES_LAST - timedelta(minutes=1))
    assert "Image" not in run_purge(place)
    place.clock.move(timedelta(minutes=2))
    assert 1 == run_purge(place)["Image"]
    later(place, hours=1)
    assert {} == place.services.graph.versions([URI])
    assert [] == wrong(place)


def test_an_image_that_comes_back_within_its_week_is_shown_and_not_purged(place):
    images = place.services.images
    analysed(images, URI, place.clock.now)
    place.sync()
    ended(images, URI)
    later(place)
    analysed(images, URI, place.clock.now, asked="2")
    later(place)
    place.clock.move(GONE_IMAGES_LAST * 2)
    assert {"ISODate": 1} == run_purge(place)
    assert [] == wrong(place)
