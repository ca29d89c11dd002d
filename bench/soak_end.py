"""The end of a run: rows, graph, ledger and the endpoint's log, in a form in which two runs can be compared."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.soak_environment import Environment
from sightline.bootstrap import neo4j_driver
from sightline.models.images import ImageRow, State
from sightline.rekognition.features import feature_named
from sightline.storage.ledger.protocol import Status

DIFFERS_BY_LUCK = (
    "lane",
    "received_at",
    "version",
    "merged_version",
    "rounds",
    "next_check_at",
    "feed_position",
    "failure",
    "sent_at",
    "drops",
)
"""Fields of a row that depend on how it got there: times, ULIDs, version, attempts, dropped answers and lane."""

WHOLE_GRAPH = """
MATCH (a)-[edge]->(b)
RETURN labels(a)[0] AS start, properties(a) AS a, type(edge) AS type, properties(edge) AS edge,
       labels(b)[0] AS end, properties(b) AS b
"""

BILLED = {"answered", "cut"}
CallKey = tuple[str, str]
"""Content (sha256) and operation."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a run. rows: image id → row without DIFFERS_BY_LUCK; graph: its relationships with both ends."""

    rows: Mapping[str, str]
    graph: frozenset[str]


def read_end(environment: Environment, uris: Iterable[str]) -> End:
    """Read rows and graph."""
    rows = environment.services.images.get_many(uris)
    return End({uri: comparable(row) for uri, row in rows.items()}, frozenset(read_graph(environment)))


def comparable(row: ImageRow) -> str:
    """Return what must be the same in two runs. How a picture was sent depends on how many answers were dropped."""
    fields = {name: value for name, value in asdict(row).items() if name not in DIFFERS_BY_LUCK}
    for part in fields["parts"].values():
        del part["asked_by"]
    return json.dumps(fields, sort_keys=True, default=str)


def read_graph(environment: Environment) -> list[str]:
    """Read every relationship, without versions. Nodes without relationships are left to the purge."""
    with neo4j_driver(environment.settings) as driver:
        records, _, _ = driver.execute_query(WHOLE_GRAPH, database_=environment.settings.neo4j_database)
    return [json.dumps(_without_version(record.data()), sort_keys=True, default=str) for record in records]


def _without_version(record: dict[str, Any]) -> dict[str, Any]:
    for end in ("a", "b"):
        record[end].pop("row_version", None)
    return record


def clear_graph(environment: Environment) -> None:
    """Delete everything, in slices: a node with all its relationships would not fit into memory."""
    slices = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 500 ROWS"
    settings = environment.settings
    with neo4j_driver(settings) as driver, driver.session(database=settings.neo4j_database) as session:
        session.run(slices).consume()


def is_finished(row: ImageRow | None, etag: str) -> bool:
    """Return whether an image is complete with the bytes that are in its bucket now."""
    return row is not None and row.content is not None and (row.state, row.content.etag) == (State.COMPLETE, etag)


def paid_calls(environment: Environment) -> Counter[CallKey]:
    """Count the calls that the endpoint has answered, according to its log."""
    lines = environment.calls_log.read_text().splitlines() if environment.calls_log.exists() else []
    calls = (json.loads(line) for line in lines)
    return Counter((each["content"], each["operation"]) for each in calls if each["outcome"] in BILLED)


def settled_analyses(environment: Environment) -> Counter[CallKey]:
    """Count the answers in the ledger."""
    return Counter(
        (entry.analysis.content, feature_named(entry.analysis.feature).operation)
        for entry in environment.services.ledger.scan()
        if entry.status is Status.ANSWERED
    )


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the ids of the images whose rows differ."""
    return sorted(uri for uri in {*one, *other} if one.get(uri) != other.get(uri))
