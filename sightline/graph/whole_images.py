"""One transaction that writes whole images, each only where its version is higher than the one the graph shows."""

from collections.abc import Iterable, Mapping, Sequence

from neo4j import Transaction

from sightline.graph.cypher import LOCK_AND_WRITE, UNLINK_ALL, Statements
from sightline.graph.declarations import FIXED, Key, Node, Relationship
from sightline.graph.facts import ImageFacts
from sightline.graph.failures import Shortfall
from sightline.models.answers import Json


def shared_keys(images: Iterable[ImageFacts]) -> dict[Node, set[Key]]:
    """Give the keys of all nodes that images share, by kind; those that an image owns are left out."""
    keys: dict[Node, set[Key]] = {}
    for image in images:
        for relationship, links in image.links.items():
            if not relationship.owns_node:
                keys.setdefault(relationship.node, set()).update(key for key, _ in links)
    return keys


class WholeImages:
    """Writes images within a transaction of the caller's, who commits; the nodes they share exist already.

    It raises Shortfall where one of those nodes does not exist after all; the caller then rolls back.
    """

    def __init__(self, transaction: Transaction, statements: Statements) -> None:
        self._transaction = transaction
        self._statements = statements

    def write(self, images: Sequence[ImageFacts]) -> set[str]:
        """Write each image whose version is higher; give the ids of those."""
        is_new = self._lock(images)
        fresh = [image for image in images if is_new.get(image.image_id) is True]
        shown = [image for image in images if is_new.get(image.image_id) is False]
        self._clear(shown)
        self._merge_owned([*fresh, *shown])
        self._link_fresh([image for image in fresh if not image.is_gone])
        self._relink([image for image in shown if not image.is_gone])
        return set(is_new)

    def _lock(self, images: Sequence[ImageFacts]) -> dict[str, bool]:
        """Take the images' locks in one order for all writers; give, for those to write, whether the node is new."""
        rows = [
            {
                "image_id": image.image_id,
                "version": image.version,
                "replaces": image.replaces,
                "object_key": image.properties["object_key"],
                "properties": image.properties,
            }
            for image in sorted(images, key=lambda image: image.image_id)
        ]
        found = self._transaction.run(LOCK_AND_WRITE, rows=rows)
        return {record["image_id"]: record["is_new"] for record in found}

    def _clear(self, shown: Sequence[ImageFacts]) -> None:
        """Remove what the graph shows and the new version does not."""
        if not shown:
            return
        for relationship, statement in self._statements.unlink.items():
            keys = {image.image_id: [key for key, _ in image.links.get(relationship, [])] for image in shown}
            rows = [{"image_id": image_id, "keys": expected} for image_id, expected in keys.items()]
            self._transaction.run(statement, rows=rows).consume()
        gone = [image.image_id for image in shown if image.is_gone]
        self._transaction.run(UNLINK_ALL, image_ids=gone).consume()

    def _merge_owned(self, images: Sequence[ImageFacts]) -> None:
        for relationship in self._statements.declarations.found:
            if not relationship.owns_node:
                continue
            keys = [key for image in images for key, _ in image.links.get(relationship, [])]
            if keys:
                self._transaction.run(self._statements.merge[relationship.node], keys=keys).consume()

    def _link_fresh(self, images: Sequence[ImageFacts]) -> None:
        if not images:
            return
        rows = [{"image_id": image.image_id, "fixed": [image.links[each][0] for each in FIXED]} for image in images]
        self._expect(len(rows), self._statements.fixed, rows)
        for relationship, statement in self._statements.link.items():
            self._link(relationship, statement, images)

    def _relink(self, images: Sequence[ImageFacts]) -> None:
        for relationship, statement in self._statements.relink.items():
            self._link(relationship, statement, images)

    def _link(self, relationship: Relationship, statement: str, images: Sequence[ImageFacts]) -> None:
        rows = [
            {"image_id": image.image_id, "pairs": links} for image in images if (links := image.links[relationship])
        ]
        if rows:
            self._expect(sum(len(row["pairs"]) for row in rows), statement, rows)

    def _expect(self, expected: int, statement: str, rows: Sequence[Mapping[str, Json]]) -> None:
        record = self._transaction.run(statement, rows=rows).single(strict=True)
        if record["linked"] != expected:
            raise Shortfall("Neo4j", rule=f"{Shortfall.rule} ({record['linked']} links of {expected})")
