"""Writers that meet in a real Neo4j, and nodes and connections that vanish under them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias
from urllib.parse import urlsplit

import neo4j
import pytest

from dev.stack.waiting import STANDSTILL_SECONDS, nothing, wait_until
from sightline.graph.cypher import LOCK_AND_WRITE
from sightline.graph.declarations import declare
from sightline.graph.facts import facts_of
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import GraphImage
from sightline.rekognition.features import all_features
from sightline.testing.graph import InMemoryGraphStore
from tests.integration.graph.lossy_proxy import lossy_proxy
from tests.integration.graph.subject import TAKEN, Subject, changed, fixed, gone, image, label
from tests.persistence import tried_again
from tests.servers import Neo4jAddress

Run: TypeAlias = Callable[..., list[neo4j.Record]]

BLOCKED = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN count(*) AS found"


@pytest.fixture
def graph(driver: neo4j.Driver) -> Run:
    """Give what runs one statement against the graph."""
    return lambda text, **parameters: driver.execute_query(text, parameters, database_="neo4j").records


def begin_to_write(transaction: neo4j.Transaction, shown: GraphImage) -> None:
    facts = facts_of(shown, declare(all_features()), TAKEN)
    row = {
        "image_id": facts.image_id,
        "version": facts.version,
        "replaces": None,
        "object_key": shown.object_key,
        "properties": facts.properties,
    }
    transaction.run(LOCK_AND_WRITE, rows=[row]).consume()


@pytest.mark.parametrize(("stalled", "other", "changes"), [(2, 3, [True]), (3, 2, [False])])
def test_a_merge_waits_for_a_stalled_one_and_then_decides_by_version(
    real: Subject, driver: neo4j.Driver, graph: Run, stalled: int, other: int, changes: list[bool]
) -> None:
    real.store.merge([image()])
    with ThreadPoolExecutor(1) as pool, driver.session(database="neo4j") as session:
        with session.begin_transaction() as transaction:
            begin_to_write(transaction, image(version=stalled))
            merging = pool.submit(changed, real.store, image(version=other, labels=(("Dog", 50.0),)))
            assert wait_until(lambda: graph(BLOCKED)[0]["found"] == 1, nothing)
            transaction.commit()
        assert merging.result(STANDSTILL_SECONDS) == changes
    assert real.store.versions([image().image_id]) == {image().image_id: 3}
    assert fixed() | ({label("Dog", 50.0)} if changes == [True] else set()) == real.triples()


def test_a_remembered_node_that_was_purged_meanwhile_is_made_again(real: Subject, graph: Run) -> None:
    real.store.merge([image(labels=(("Dog", 50.0),))])
    real.store.merge([gone("yard/1.jpg", 2)])
    graph("MATCH (label:Label {label_name: 'Dog'}) DELETE label")
    assert changed(real.store, image("yard/2.jpg", labels=(("Dog", 60.0),))) == [True]
    assert fixed("yard/2.jpg") | {label("Dog", 60.0, of="yard/2.jpg")} == real.triples()


def test_a_node_that_is_purged_while_it_is_linked_is_made_again(
    real: Subject, driver: neo4j.Driver, graph: Run
) -> None:
    real.store.merge([image(labels=(("Dog", 50.0),))])
    real.store.merge([gone("yard/1.jpg", 2)])
    with ThreadPoolExecutor(1) as pool, driver.session(database="neo4j") as session:
        with session.begin_transaction() as transaction:
            transaction.run("MATCH (label:Label {label_name: 'Dog'}) DELETE label").consume()
            merging = pool.submit(changed, real.store, image("yard/2.jpg", labels=(("Dog", 60.0),)))
            assert wait_until(lambda: graph(BLOCKED)[0]["found"] == 1, nothing)
            transaction.commit()
        assert merging.result(STANDSTILL_SECONDS) == [True]
    assert fixed("yard/2.jpg") | {label("Dog", 60.0, of="yard/2.jpg")} == real.triples()


@pytest.mark.parametrize(("cut", "changes"), [("before", [True]), ("after", [False])])
def test_a_merge_whose_connection_is_lost_in_commit_is_there_once(
    real: Subject, neo4j_address: Neo4jAddress, cut: str, changes: list[bool]
) -> None:
    port = urlsplit(neo4j_address.uri).port
    assert port is not None
    with lossy_proxy(port) as proxy, neo4j.GraphDatabase.driver(proxy.uri, auth=neo4j_address.auth) as lossy:
        store = Neo4jGraphStore(lossy, "neo4j")
        store.merge([image(labels=(("Dog", 50.0), ("Cat", 60.0)))])
        proxy.cut = cut
        newer = image(version=2, labels=(("Dog", 55.0),))
        proxy.skip = 1  # the reading of versions commits as well
        # After a lost answer the second attempt finds its own version: nothing is left to change.
        assert tried_again(lambda: changed(store, newer)) == changes
        assert (proxy.cuts, proxy.cut) == (1, "")
    assert fixed() | {label("Dog", 55.0)} == real.triples()


def test_eight_writers_leave_what_one_would_have_left(real: Subject, driver: neo4j.Driver) -> None:
    batches = [
        [
            image(f"yard/{n}.jpg", version=version, labels=tuple((f"L{(n * k) % 23}", 50.0 + k) for k in range(1, 6)))
            for n in range(start, start + 40)
        ]
        for version in (1, 2)
        for start in range(0, 160, 20)
    ]

    def merge(batch: list[GraphImage]) -> Sequence[object]:
        return Neo4jGraphStore(driver, "neo4j").merge(batch)

    twin = InMemoryGraphStore()
    for batch in batches:
        twin.merge(batch)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda batch: tried_again(lambda: merge(batch)), batches))
    assert [each for batch in outcomes for each in batch if isinstance(each, Exception)] == []
    assert twin.triples() == real.triples()


def test_a_node_on_which_older_loaders_left_doubles_is_mended(real: Subject, graph: Run) -> None:
    real.store.merge([image(labels=(("Dog", 50.0),))])
    graph("MATCH (image:Image), (label:Label) CREATE (image)-[:HAS_LABEL {confidence: 70.0}]->(label)")
    graph("MATCH (image:Image), (hour:Hour) CREATE (image)-[:HAS_HOUR]->(hour)")
    assert changed(real.store, image(version=2, labels=(("Dog", 50.0),))) == [True]
    assert fixed() | {label("Dog", 50.0)} == real.triples()
