"""Merge many images: skip those that are not behind, bound the transactions, retry lost races, isolate bad data."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TypeAlias

from neo4j import Transaction
from neo4j.exceptions import Neo4jError

from sightline.errors import RefusedByGraph
from sightline.graph.cypher import LINK_VIDEOS, LOCK, LOCK_AND_WRITE, UNLINK_ALL, VERSIONS, Statements
from sightline.graph.declarations import FIXED, FRAME, Key, Node, Relationship
from sightline.graph.facts import ImageFacts
from sightline.graph.protocol import SyncMove
from sightline.graph.sessions import Sessions, Shortfall, is_of_the_data
from sightline.graph.sync_position import write_state
from sightline.models.answers import Json

ROOM = 100_000


class RememberedNodes:
    """A bounded memory of nodes by kind and key, for all threads of a process. The oldest is forgotten first.

    It may be wrong: another process may delete a node. A caller compares the number of links made with
    the number expected, and forgets on a shortfall.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: dict[tuple[Node, Key], None] = {}
        self._lock = Lock()

    def unknown(self, node: Node, keys: Iterable[Key]) -> list[Key]:
        """Return those keys that are not remembered, sorted."""
        with self._lock:
            return sorted({key for key in keys if (node, key) not in self._known}, key=str)

    def remember(self, node: Node, keys: Iterable[Key]) -> None:
        """Note that these nodes are committed."""
        with self._lock:
            self._known.update(((node, key), None) for key in keys)
            for oldest in list(self._known)[: max(0, len(self._known) - self._room)]:
                del self._known[oldest]

    def forget(self, node: Node, keys: Iterable[Key]) -> None:
        """Drop these nodes from memory."""
        with self._lock:
            for key in keys:
                self._known.pop((node, key), None)


def shared_keys(images: Iterable[ImageFacts]) -> dict[Node, set[Key]]:
    """Return the keys of all nodes that images share, by kind; those that an image owns are left out."""
    keys: dict[Node, set[Key]] = {}
    for image in images:
        for relationship, links in image.links.items():
            if not relationship.owns_node:
                keys.setdefault(relationship.node, set()).update(key for key, _ in links)
    return keys


class WholeImages:
    """Writes images within a transaction of the caller's, who commits; the nodes they share exist already.

    It raises Shortfall if one of those nodes does not exist after all; the caller then rolls back.
    """

    def __init__(self, transaction: Transaction, statements: Statements) -> None:
        self._transaction = transaction
        self._statements = statements

    def write(self, images: Sequence[ImageFacts]) -> set[str]:
        """Write each image whose version is higher; return the ids of those."""
        is_new = self._lock(images)
        fresh = [image for image in images if is_new.get(image.image_id) is True]
        shown = [image for image in images if is_new.get(image.image_id) is False]
        self._clear(shown)
        self._merge_owned([*fresh, *shown])
        self._link_fresh([image for image in fresh if not image.is_gone])
        self._relink([image for image in shown if not image.is_gone])
        self._link_videos([*fresh, *shown])
        return set(is_new)

    def _lock(self, images: Sequence[ImageFacts]) -> dict[str, bool]:
        """Take the images' locks in one order for all writers; return, for those to write, whether the node is new."""
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

    def _link_videos(self, images: Sequence[ImageFacts]) -> None:
        if frames := [image.image_id for image in images if image.links.get(FRAME)]:
            self._transaction.run(LINK_VIDEOS, image_ids=frames).consume()

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


RELATIONSHIPS_IN_A_TRANSACTION = 20_000

Outcomes: TypeAlias = dict[str, bool | Exception]
"""Image id → whether the graph was changed, or why the image could not be written."""


Unchanged: TypeAlias = Callable[[Sequence[str]], set[str]]
"""Which of these images may be written, asked while their locks are held."""


def versions(transaction: Transaction, image_ids: Sequence[str]) -> dict[str, int]:
    """Read the versions that the graph shows, for those images that it has."""
    found = transaction.run(VERSIONS, image_ids=list(image_ids))
    return {record["image_id"]: record["version"] for record in found if record["version"] is not None}


def slices(images: Iterable[ImageFacts], most: int = RELATIONSHIPS_IN_A_TRANSACTION) -> Iterator[list[ImageFacts]]:
    """Cut images into runs of at most `most` relationships; an image is never cut, so one alone may have more."""
    run: list[ImageFacts] = []
    size = 0
    for image in images:
        if run and size + image.size > most:
            yield run
            run, size = [], 0
        run.append(image)
        size += image.size
    if run:
        yield run


class Merger:
    """Writes images in slices; each image once, at its highest version."""

    def __init__(self, sessions: Sessions, statements: Statements) -> None:
        self._sessions = sessions
        self._statements = statements
        self._remembered = RememberedNodes()

    def merge(
        self, images: Iterable[ImageFacts], move: SyncMove | None = None, unchanged: Unchanged | None = None
    ) -> Outcomes:
        """Write each image whose version is higher than the graph's; raise where the database is to blame.

        `move` (the sync's new position) is committed with the last slice, so that it never gets ahead of the data.
        """
        *runs, last = [*slices(images)] or [[]]
        outcomes: Outcomes = {}
        for run in runs:
            outcomes |= self._merge_run(run, None, unchanged)
        return outcomes | self._merge_run(last, move, unchanged)

    def _merge_run(self, images: Sequence[ImageFacts], move: SyncMove | None, unchanged: Unchanged | None) -> Outcomes:
        try:
            changed = self._sessions.retry(lambda: self._attempt(images, move, unchanged))
        except (Neo4jError, UnicodeEncodeError, OverflowError) as error:
            if not is_of_the_data(error):
                raise
            refusal = error
        else:
            return {image.image_id: image.image_id in changed for image in images}
        return self._without_the_bad_one(images, refusal, move, unchanged)

    def _without_the_bad_one(
        self, images: Sequence[ImageFacts], error: Exception, move: SyncMove | None, unchanged: Unchanged | None
    ) -> Outcomes:
        """Halve the images until the one to blame stands alone; the others are written."""
        if len(images) == 1:
            self._sessions.retry(lambda: self._move(move))
            refused = RefusedByGraph(images[0].image_id, rule=f"{RefusedByGraph.rule} ({str(error)[:300]})")
            refused.__cause__ = error
            return {images[0].image_id: refused}
        middle = len(images) // 2
        first = self._merge_run(images[:middle], None, unchanged)
        return first | self._merge_run(images[middle:], move, unchanged)

    def _attempt(self, images: Sequence[ImageFacts], move: SyncMove | None, unchanged: Unchanged | None) -> set[str]:
        """Write those that are behind.

        Versions are read first without locks, so a replay locks nothing; the versions read under lock decide.
        """
        shown = self._sessions.once(lambda transaction: versions(transaction, [each.image_id for each in images]))
        behind = [image for image in images if image.is_due(shown.get(image.image_id))]
        if not behind:
            self._move(move)
            return set()
        shared = shared_keys(behind)
        self._ensure(shared)
        return self._or_forget(
            shared,
            lambda: self._sessions.once(lambda transaction: self._write(transaction, behind, move, unchanged)),
        )

    def _write(
        self, transaction: Transaction, behind: Sequence[ImageFacts], move: SyncMove | None, unchanged: Unchanged | None
    ) -> set[str]:
        if unchanged:
            image_ids = sorted(image.image_id for image in behind)
            transaction.run(LOCK, image_ids=image_ids).consume()
            still = unchanged(image_ids)
            behind = [image for image in behind if image.image_id in still]
        written = WholeImages(transaction, self._statements).write(behind)
        if move:
            write_state(transaction, move)
        return written

    def _move(self, move: SyncMove | None) -> None:
        """Move the sync's position where there is no data to go with it."""
        if move:
            self._sessions.once(lambda transaction: write_state(transaction, move))

    def _ensure(self, shared: dict[Node, set[Key]]) -> None:
        """Merge the shared nodes that are not remembered, in a transaction of their own: they cause deadlocks."""
        unknown = {
            node: keys
            for node in self._statements.merge
            if node in shared and (keys := self._remembered.unknown(node, shared[node]))
        }
        if not unknown:
            return

        def work(transaction: Transaction) -> None:
            for node, keys in unknown.items():
                transaction.run(self._statements.merge[node], keys=keys).consume()

        self._sessions.once(work)
        for node, keys in unknown.items():
            self._remembered.remember(node, keys)

    def _or_forget(self, shared: dict[Node, set[Key]], write: Callable[[], set[str]]) -> set[str]:
        """Forget the remembered nodes after any failure: one of them may have been deleted."""
        is_written = False
        try:
            written = write()
            is_written = True
        finally:
            if not is_written:
                for node, keys in shared.items():
                    self._remembered.forget(node, keys)
        return written
