"""The graph store twice: in memory, and over the real Neo4j of the test run."""

import neo4j
import pytest

from sightline.graph.neo4j import Neo4jGraphStore
from sightline.testing.graph import InMemoryGraphStore
from tests.integration.graph.subject import Subject, node_in, triples_in


@pytest.fixture
def real(driver: neo4j.Driver) -> Subject:
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")
    return Subject(
        Neo4jGraphStore(driver, "neo4j"), lambda: triples_in(driver), lambda image_id: node_in(driver, image_id)
    )


@pytest.fixture
def twin() -> Subject:
    store = InMemoryGraphStore()
    return Subject(store, store.triples, store.image)


@pytest.fixture(params=["twin", "real"])
def subject(request: pytest.FixtureRequest) -> Subject:
    chosen: Subject = request.getfixturevalue(request.param)
    return chosen
