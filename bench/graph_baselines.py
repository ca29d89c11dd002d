"""Other ways to write the same images to Neo4j: the baselines that the graph store is compared with."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from neo4j import Transaction
from tenacity import Retrying, retry_if_exception, wait_random

from sightline.graph.cypher import ONE_IMAGE, Statements, create_fixed, link_new
from sightline.graph.declarations import FIXED, Declarations, Key, Node, Relationship, seconds
from sightline.graph.facts import ImageFacts, all_facts
from sightline.graph.merger import shared_keys
from sightline.graph.protocol import GraphImage
from sightline.graph.sessions import Sessions, is_transient, telling
from sightline.models.answers import Json

_MERGE_IMAGES = "UNWIND $rows AS row\nMERGE (image:Image {image_id: row.image_id})\nSET image += row"
_CREATE_IMAGES = "UNWIND $rows AS row\nCREATE (image:Image)\nSET image = row"


class Baseline(Protocol):
    """A writer of images; several threads call `write`."""

    def prepare(self, images: Sequence[GraphImage]) -> None:
        """Prepare for all batches; its time counts."""

    def write(self, batch: Sequence[GraphImage]) -> None:
        """Write one batch."""


class Tools:
    """What every baseline needs. `on_retry` is called with each error after which a transaction is retried."""

    def __init__(
        self, sessions: Sessions, declarations: Declarations, on_retry: Callable[[BaseException], None]
    ) -> None:
        self.sessions = sessions
        self.declarations = declarations
        self._on_retry = on_retry

    def facts(self, images: Sequence[GraphImage]) -> list[ImageFacts]:
        """Return the images as facts."""
        return all_facts(images, self.declarations, images[0].taken_at)[0]

    def commit(self, work: Callable[[Transaction], None]) -> None:
        """Run `work` in a transaction, and retry until it is committed."""
        retries = Retrying(
            retry=retry_if_exception(is_transient),
            wait=wait_random(0.02, 0.2),
            before_sleep=telling(self._on_retry),
        )
        retries(lambda: self.sessions.once(work))


class TransactionForEachRow:
    """The old loader: one transaction for each label of an image, with the values written into the query text."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, images: Sequence[GraphImage]) -> None:
        """Do nothing."""

    def write(self, batch: Sequence[GraphImage]) -> None:
        """Write each label in its own transaction."""
        for image in batch:
            for label, confidence in image.findings["labels"]:
                merged = (*_row_nodes(image, label), *_row_edges(image, confidence))
                self._tools.commit(partial(_run, text=" ".join(f"MERGE {each}" for each in merged)))


def _row_nodes(image: GraphImage, label: str) -> Iterator[str]:
    at, iso = seconds(image), image.taken_at.isoformat()
    yield f"(c:Camera {{camera_name: '{image.camera}'}})"
    key = f"image_id: '{image.image_id}', object_key: '{image.object_key}', isodate: '{iso}', timestamp: {at}"
    yield f"(i:Image {{{key}}})"
    yield f"(l:Label {{label_name: '{label}'}})"
    yield f"(d:ISODate {{iso_date: '{iso}'}})"
    yield f"(y:Year {{year_value: {image.taken_at.year}}})"
    yield f"(m:Month {{month_value: {image.taken_at.month}}})"
    yield f"(t:Day {{day_value: {image.taken_at.day}}})"
    yield f"(h:Hour {{hour_value: {image.taken_at.hour}}})"


def _row_edges(image: GraphImage, confidence: float) -> Iterator[str]:
    yield f"(i)-[:HAS_LABEL {{confidence: {confidence}}}]->(l)"
    yield f"(c)-[:HAS_IMAGE {{timestamp: {seconds(image)}}}]->(i)"
    for kind, end in zip(("TIMESTAMP", "YEAR", "MONTH", "DAY", "HOUR"), "dymth", strict=True):
        yield f"(i)-[:HAS_{kind}]->({end})"


class UnwindMerge:
    """The usual approach: one transaction for each batch, everything by MERGE, one statement for each kind."""

    def __init__(self, tools: Tools, statements: Statements) -> None:
        self._tools = tools
        self._statements = statements

    def prepare(self, images: Sequence[GraphImage]) -> None:
        """Do nothing."""

    def write(self, batch: Sequence[GraphImage]) -> None:
        """Merge nodes, then relationships."""
        facts = self._tools.facts(batch)

        def work(transaction: Transaction) -> None:
            for node, keys in shared_keys(facts).items():
                _run(transaction, self._statements.merge[node], keys=_sorted(keys))
            _run(transaction, _MERGE_IMAGES, rows=[each.properties for each in facts])
            for relationship in self._tools.declarations.relationships:
                _run(transaction, _merge_relationship(relationship), rows=_rows(relationship, facts))

        self._tools.commit(work)


def _merge_relationship(relationship: Relationship) -> str:
    node = relationship.node
    edge = f"[edge:{relationship.name}]"
    pattern = f"(node)-{edge}->(image)" if relationship.points_to_image else f"(image)-{edge}->(node)"
    update = f"\nSET edge.{relationship.value} = pair[1]" if relationship.value else ""
    return f"""UNWIND $rows AS row
{ONE_IMAGE}
UNWIND row.pairs AS pair
MATCH (node:{node.label} {{{node.key}: pair[0]}})
MERGE {pattern}{update}"""


class CreateOnly:
    """The limit: only CREATE, as if nobody else wrote and no image came twice.

    is_fixed_in_one: the six fixed relationships of an image are written by one statement, not by six
    """

    def __init__(self, tools: Tools, *, is_fixed_in_one: bool) -> None:
        self._tools = tools
        self._is_fixed_in_one = is_fixed_in_one

    def prepare(self, images: Sequence[GraphImage]) -> None:
        """Create the nodes that images share."""

        def work(transaction: Transaction) -> None:
            for node, keys in shared_keys(self._tools.facts(images)).items():
                _run(transaction, _create_nodes(node), keys=_sorted(keys))

        self._tools.commit(work)

    def write(self, batch: Sequence[GraphImage]) -> None:
        """Create images and relationships."""
        facts = self._tools.facts(batch)
        found = self._tools.declarations.found
        one_by_one = found if self._is_fixed_in_one else (*FIXED, *found)

        def work(transaction: Transaction) -> None:
            _run(transaction, _CREATE_IMAGES, rows=[each.properties for each in facts])
            if self._is_fixed_in_one:
                rows = [{"image_id": each.image_id, "fixed": [each.links[kind][0] for kind in FIXED]} for each in facts]
                _run(transaction, create_fixed(), rows=rows)
            for relationship in one_by_one:
                _run(transaction, link_new(relationship), rows=_rows(relationship, facts))

        self._tools.commit(work)


def _create_nodes(node: Node) -> str:
    return f"UNWIND $keys AS key\nCREATE (:{node.label} {{{node.key}: key}})"


def _rows(relationship: Relationship, facts: Sequence[ImageFacts]) -> list[dict[str, Json]]:
    return [{"image_id": each.image_id, "pairs": each.links[relationship]} for each in facts]


def _sorted(keys: set[Key]) -> list[Key]:
    return sorted(keys, key=str)


def _run(transaction: Transaction, text: str, **parameters: Json) -> None:
    transaction.run(text, parameters).consume()
