"""What only a real database can say: plans, refusals, and errors of connection."""

from typing import Any

import neo4j
import pytest

from sightline.errors import ConfigurationError, RefusedByGraph, Unavailable, WrongPassword
from sightline.graph import sync_position
from sightline.graph.cypher import Statements
from sightline.graph.declarations import declare
from sightline.graph.differences import DAYS, VERSIONS_OF_DAY, Reader
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import Merged
from sightline.graph.purge import statements
from sightline.graph.queries import all_queries
from sightline.rekognition.features import all_features
from tests.integration.graph.subject import Subject, changed, fixed, image, label

STATEMENTS = Statements(declare(all_features()))
READ_BACK = [VERSIONS_OF_DAY, DAYS, Reader(declare(all_features())).statement]
PURGED = statements(declare(all_features())).values()
NAMED = [query.text for query in all_queries().values()]
SENT = [*STATEMENTS.everything(), *NAMED, *sync_position.STATEMENTS, *READ_BACK, *PURGED]
SCANS = {"NodeByLabelScan", "AllNodesScan", "UndirectedAllRelationshipsScan", "DirectedAllRelationshipsScan"}


def operators(plan: Any) -> set[str]:
    below = (operators(child) for child in plan.get("children", []))
    return {plan["operatorType"].split("@")[0]}.union(*below)


def plan_of(driver: neo4j.Driver, text: str) -> set[str]:
    return operators(driver.execute_query(f"EXPLAIN {text}", database_="neo4j").summary.plan)


@pytest.mark.parametrize("text", SENT)
def test_no_statement_scans_a_label_or_the_whole_graph(driver: neo4j.Driver, text: str) -> None:
    assert plan_of(driver, text) & SCANS == set()


def test_a_scan_would_be_noticed(driver: neo4j.Driver) -> None:
    assert plan_of(driver, "MATCH (image:Image) WHERE image.unindexed = 1 RETURN image") & SCANS == {"NodeByLabelScan"}


def test_setup_leaves_a_constraint_for_each_merge_key_and_an_index_for_each_lookup(driver: neo4j.Driver) -> None:
    constraints = driver.execute_query(
        "SHOW CONSTRAINTS YIELD labelsOrTypes, properties, type", database_="neo4j"
    ).records
    nodes = [*declare(all_features()).nodes, sync_position.SYNC_POSITION]
    expected = {(node.label, node.key, "UNIQUENESS") for node in nodes}
    expected.add(("KnownPerson", "name", "UNIQUENESS"))
    assert expected == {(record[0][0], record[1][0], record[2]) for record in constraints}
    text = "SHOW INDEXES YIELD labelsOrTypes, properties, owningConstraint, state WHERE owningConstraint IS NULL"
    indexes = driver.execute_query(f"{text} AND labelsOrTypes = ['Image']", database_="neo4j").records
    names = ("timestamp", "object_key", "camera_day", "gone_at")
    assert {(name, "ONLINE") for name in names} == {(record["properties"][0], record["state"]) for record in indexes}


def test_check_names_the_constraint_that_is_missing(real: Subject, driver: neo4j.Driver) -> None:
    driver.execute_query("DROP CONSTRAINT label_label_name", database_="neo4j")
    try:
        with pytest.raises(ConfigurationError, match=r"label_label_name: .*must exist. Run `sightline setup`"):
            real.store.check()
    finally:
        real.store.setup()
    real.store.check()


def test_an_image_that_no_index_can_hold_stands_alone_and_the_others_are_written(real: Subject) -> None:
    batch = [image(f"yard/{n}.jpg", labels=(("Dog", 50.0 + n),)) for n in range(20)]
    batch[7] = image("yard/7.jpg", text=(("x" * 9000, 99.0),))
    batch[13] = image("yard/13\udc80.jpg")
    outcomes = real.store.merge(batch)
    assert [n for n, each in enumerate(outcomes) if isinstance(each, RefusedByGraph)] == [7, 13]
    assert [n for n, each in enumerate(outcomes) if each == Merged(batch[n].image_id, 1, is_changed=True)] == [
        n for n in range(20) if n not in {7, 13}
    ]
    assert "yard/7.jpg: the graph must be able to hold the image's data" in str(outcomes[7])
    names = [f"yard/{n}.jpg" for n in range(20) if n not in {7, 13}]
    expected = {label("Dog", 50.0 + n, of=f"yard/{n}.jpg") for n in range(20) if n not in {7, 13}}
    assert expected.union(*(fixed(name) for name in names)) == real.triples()


def test_a_batch_of_more_relationships_than_a_transaction_holds_is_written_whole(real: Subject) -> None:
    labels = tuple((f"L{n}", 50.0) for n in range(994))
    assert changed(real.store, *(image(f"yard/{n}.jpg", labels=labels) for n in range(21))) == [True] * 21
    assert real.store.counts().relationships["HAS_LABEL"] == 21 * 994


def test_an_absent_database_is_unavailable_for_all() -> None:
    with neo4j.GraphDatabase.driver("bolt://127.0.0.1:1", auth=("neo4j", "any")) as absent:
        store = Neo4jGraphStore(absent, "neo4j")
        with pytest.raises(Unavailable, match="did not answer"):
            store.merge([image()])
        with pytest.raises(Unavailable, match="did not answer"):
            store.check()


def test_a_wrong_password_is_ours_to_mend(driver: neo4j.Driver) -> None:
    host, port = driver.get_server_info().address[:2]
    # A name of its own: the server locks a user's account for seconds after three wrong passwords.
    with neo4j.GraphDatabase.driver(f"bolt://{host}:{port}", auth=("nobody", "wrong")) as stranger:
        store = Neo4jGraphStore(stranger, "neo4j")
        for ask in (store.check, lambda: store.merge([image()]), lambda: store.query("cameras")):
            with pytest.raises(WrongPassword, match="SIGHTLINE_NEO4J_PASSWORD"):
                ask()


def test_a_database_that_does_not_exist_is_ours_to_mend(driver: neo4j.Driver) -> None:
    with pytest.raises(ConfigurationError, match="the database must exist"):
        Neo4jGraphStore(driver, "no-such").check()
