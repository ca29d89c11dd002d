"""Merging of many images: which are behind, in how many transactions, again after a lost race, and around a bad one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from neo4j import Transaction
from neo4j.exceptions import Neo4jError

from sightline.errors import RefusedByGraph
from sightline.graph.cypher import VERSIONS, Statements
from sightline.graph.declarations import Key, Node
from sightline.graph.facts import ImageFacts
from sightline.graph.failures import is_of_the_data
from sightline.graph.remembered import RememberedNodes
from sightline.graph.sessions import Sessions
from sightline.graph.sync import SyncMove
from sightline.graph.sync_position import write_state
from sightline.graph.whole_images import WholeImages, shared_keys

RELATIONSHIPS_IN_A_TRANSACTION = 20_000

Outcomes: TypeAlias = dict[str, bool | Exception]
"""Image id → whether the graph was changed, or why the image could not be written."""


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

    def merge(self, images: Iterable[ImageFacts], move: SyncMove | None = None) -> Outcomes:
        """Write each image whose version is higher than the graph's; raise where the database is to blame.

        `move` goes with the last of them, so that it never speaks of data that is not there.
        """
        *runs, last = [*slices(images)] or [[]]
        outcomes: Outcomes = {}
        for run in runs:
            outcomes |= self._merge_run(run)
        return outcomes | self._merge_run(last, move)

    def _merge_run(self, images: Sequence[ImageFacts], move: SyncMove | None = None) -> Outcomes:
        try:
            changed = self._sessions.retry(lambda: self._attempt(images, move))
        except (Neo4jError, UnicodeEncodeError, OverflowError) as error:
            if not is_of_the_data(error):
                raise
            refusal = error
        else:
            return {image.image_id: image.image_id in changed for image in images}
        return self._without_the_bad_one(images, refusal, move)

    def _without_the_bad_one(self, images: Sequence[ImageFacts], error: Exception, move: SyncMove | None) -> Outcomes:
        """Halve the images until the one to blame stands alone; the others are written."""
        if len(images) == 1:
            self._sessions.retry(lambda: self._move(move))
            refused = RefusedByGraph(images[0].image_id, rule=f"{RefusedByGraph.rule} ({str(error)[:300]})")
            refused.__cause__ = error
            return {images[0].image_id: refused}
        middle = len(images) // 2
        return self._merge_run(images[:middle]) | self._merge_run(images[middle:], move)

    def _attempt(self, images: Sequence[ImageFacts], move: SyncMove | None) -> set[str]:
        """Write those that are behind. The versions read first spare a replay every lock; those under lock decide."""
        shown = self._sessions.once(lambda transaction: versions(transaction, [each.image_id for each in images]))
        behind = [image for image in images if image.is_due(shown.get(image.image_id))]
        if not behind:
            self._move(move)
            return set()
        shared = shared_keys(behind)
        self._ensure(shared)
        return self._or_forget(
            shared,
            lambda: self._sessions.once(lambda transaction: self._write(transaction, behind, move)),
        )

    def _write(self, transaction: Transaction, behind: Sequence[ImageFacts], move: SyncMove | None) -> set[str]:
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
        """Doubt the remembered nodes after any failure: one of them may have been deleted."""
        is_written = False
        try:
            written = write()
            is_written = True
        finally:
            if not is_written:
                for node, keys in shared.items():
                    self._remembered.forget(node, keys)
        return written
