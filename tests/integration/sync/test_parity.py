"""Parity over a real graph that was injured in every way that we know."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import neo4j
import pytest

from sightline.graph.protocol import GraphStore
from sightline.models.images import CameraDay
from sightline.services.parity import Audit, Comparison, all_days
from sightline.testing.fake import uri_of
from tests.integration.sync.conftest import Place
from tests.writing import analysed, begun, ended

IMAGE = "MATCH (image:Image {image_id: $image_id})"
INJURIES = {
    "a deleted relationship": f"{IMAGE}-[edge:HAS_LABEL]->() WITH edge LIMIT 1 DELETE edge",
    "a deleted date": f"{IMAGE}-[edge:HAS_HOUR]->() DELETE edge",
    "a deleted node": f"{IMAGE} DETACH DELETE image",
    "a stale version": f"{IMAGE} SET image.row_version = 1",
    "a version that never was": f"{IMAGE} SET image.row_version = 99",
    "a lost version": f"{IMAGE} REMOVE image.row_version",
    "an altered confidence": f"{IMAGE}-[edge:HAS_LABEL]->() WITH edge LIMIT 1 SET edge.confidence = 1.5",
    "an extra relationship": f"{IMAGE} MATCH (label:Label {{label_name: 'Unicorn'}}) "
    "CREATE (image)-[:HAS_LABEL {confidence: 99.0}]->(label)",
    "a double relationship": f"{IMAGE}-[:HAS_LABEL]->(label) WITH image, label LIMIT 1 "
    "CREATE (image)-[:HAS_LABEL {confidence: 50.0}]->(label)",
    "another camera": f"{IMAGE}<-[edge:HAS_IMAGE]-() DELETE edge WITH image "
    "MATCH (other:Camera {camera_name: 'gate'}) CREATE (other)-[:HAS_IMAGE {timestamp: 1}]->(image)",
    "another day": f"{IMAGE} SET image.camera_day = 'gate#2001-01-01', image.timestamp = 5",
}

FEW = 20


def fill(place: Place, images: int) -> Place:
    """Show so many images in the graph."""
    for number in range(images):
        found = (("Person", 90.0), ("Dog", 40.0 + number), ("Cat", 30.0))
        camera = "gate" if number % 5 == 0 else "yard"
        analysed(place.services.images, uri_of(f"{number}"), place.clock.now, camera, found)
    place.sync()
    return place


@pytest.fixture
def mixed(twins: Place, driver: neo4j.Driver, real_graph: GraphStore) -> Place:
    """Return a sightline with a real graph, and its rows in memory."""
    return Place(replace(twins.services, graph=real_graph), twins.clock, driver)


@pytest.fixture
def shown(mixed: Place) -> Place:
    """Return one of a few images that the graph shows."""
    return fill(mixed, FEW)


def check(place: Place, *, repairs: bool = True) -> tuple[dict[str, object], list[str]]:
    told: list[str] = []
    comparison = Comparison(place.services.images, place.services.graph)
    audit = Audit(comparison, repairs=repairs, tell=lambda _, finding: told.append(finding.image_id))
    for day in all_days(place.services.operations, place.services.graph):
        audit.check(day)
    return audit.outcome, told


def injure(place: Place, text: str, image_id: str) -> None:
    place.driver.execute_query(text, {"image_id": image_id}, database_="neo4j")


def test_a_hundred_random_injuries_are_found_told_of_repaired_and_then_there_are_none(mixed):
    shown = fill(mixed, 120)
    before, chance = shown.triples(), Random(100)  # noqa: S311 - the same injuries in each run
    shown.driver.execute_query("CREATE (:Label {label_name: 'Unicorn'})", database_="neo4j")
    injured = chance.sample([uri_of(f"{number}") for number in range(120)], 100)
    for image_id in injured:
        injure(shown, chance.choice([*INJURIES.values()]), image_id)
    assert before != shown.triples()
    outcome, told = check(shown)
    assert sorted(injured) == sorted(told)
    assert (100, 100) == (outcome["wrong"], outcome["repaired"])
    assert before == shown.triples()
    assert (0, []) == ((again := check(shown))[0]["wrong"], again[1])


def test_rows_in_dynamodb_are_compared_as_those_in_memory(real):
    fill(real, 12)
    before = real.triples()
    for number, text in enumerate(INJURIES.values()):
        injure(real, text, uri_of(f"{number}"))
    outcome, told = check(real)
    unharmed = uri_of(f"{[*INJURIES].index('an extra relationship')}")  # there is no such label here
    assert {uri_of(f"{number}") for number in range(len(INJURIES))} - {unharmed} == set(told)
    assert outcome["wrong"] == outcome["repaired"]
    assert before == real.triples()
    assert [] == check(real)[1]


@pytest.mark.parametrize("kind", INJURIES)
def test_each_kind_of_injury_is_found_and_mended(shown, kind):
    before = shown.triples()
    shown.driver.execute_query("CREATE (:Label {label_name: 'Unicorn'})", database_="neo4j")
    injure(shown, INJURIES[kind], uri_of("7"))
    assert {uri_of("7")} == set(check(shown, repairs=False)[1])
    check(shown)
    assert before == shown.triples()
    assert [] == check(shown, repairs=False)[1]


def test_a_label_that_was_deleted_with_all_its_relationships_comes_back(shown):
    before = shown.triples()
    shown.driver.execute_query("MATCH (label:Label {label_name: 'Person'}) DETACH DELETE label", database_="neo4j")
    assert (FEW, FEW, FEW) == ((found := check(shown)[0])["wrong"], found["missing"], found["repaired"])
    assert before == shown.triples()


def test_an_image_node_that_no_row_knows_is_removed(shown):
    before = shown.triples()
    day = CameraDay("yard", shown.clock.now.date().isoformat())
    text = (
        "MATCH (label:Label {label_name: 'Person'}), (camera:Camera {camera_name: 'yard'}) "
        "CREATE (camera)-[:HAS_IMAGE {timestamp: 1}]->(:Image {image_id: $image_id, row_version: 4, camera_day: $day})"
        "-[:HAS_LABEL {confidence: 80.0}]->(label)"
    )
    shown.driver.execute_query(text, {"image_id": "s3://other/1.jpg", "day": str(day)}, database_="neo4j")
    assert ["s3://other/1.jpg"] == check(shown)[1]
    assert before == shown.triples()


def test_rows_in_flight_are_not_told_of(shown):
    images = shown.services.images
    begun(images, uri_of("1"), shown.clock.now, asked="2")
    analysed(images, uri_of("2"), shown.clock.now, asked="2")
    ended(images, uri_of("3"))
    analysed(images, uri_of("200"), shown.clock.now)
    assert [] == check(shown)[1]


def test_a_repair_that_comes_after_a_newer_merge_changes_nothing(shown):
    graph, images = shown.services.graph, shown.services.images
    comparison = Comparison(images, graph)
    injure(shown, INJURIES["an altered confidence"], uri_of("7"))
    day = images.get(uri_of("7")).capture.camera_day
    findings = [finding for _, found in comparison.of_day(day) for finding in found]
    analysed(images, uri_of("7"), shown.clock.now, found=(("Owl", 70.0),), asked="2")
    newer = images.get(uri_of("7"))
    shown.clock.move(timedelta(minutes=5))
    shown.sync()
    assert 0 == comparison.repair(findings)
    assert {uri_of("7"): newer.version} == graph.versions([uri_of("7")])
