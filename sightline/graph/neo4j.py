"""The graph in Neo4j."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from neo4j import Driver, Transaction

from sightline.errors import ConfigurationError
from sightline.graph.cypher import Statements
from sightline.graph.declarations import Declarations, declare
from sightline.graph.differences import DAYS, VERSIONS_OF_DAY, Reader, differences
from sightline.graph.facts import all_facts, facts_of, outcomes_in_order
from sightline.graph.merger import Merger, versions
from sightline.graph.people import NAMES_ARE_UNIQUE, PeopleGraph
from sightline.graph.protocol import (
    Difference,
    GraphCounts,
    GraphImage,
    Merged,
    SyncMove,
    SyncState,
    VideoFindings,
)
from sightline.graph.purge import purge
from sightline.graph.queries import query_named
from sightline.graph.sessions import Sessions, ignore
from sightline.graph.sync_position import read_state
from sightline.graph.video_findings import show
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.rekognition.features import all_features

SETUP_SECONDS = 300
READ_SECONDS = 60


def _now() -> datetime:
    return datetime.now(UTC)


class Neo4jGraphStore:
    """Images, and what was found in them, in one database of a Neo4j server.

    driver: built after the fork, one for each process, with bounds on connecting; closed with the store
    declarations: what the graph holds; by default that of all declared features
    on_retry: called with each error after which a transaction is tried again
    """

    def __init__(
        self,
        driver: Driver,
        database: str,
        declarations: Declarations | None = None,
        clock: Callable[[], datetime] = _now,
        on_retry: Callable[[BaseException], None] = ignore,
    ) -> None:
        self._driver = driver
        self._declarations = declarations or declare(all_features())
        self._statements = Statements(self._declarations)
        self._sessions = Sessions(driver, database, on_retry)
        self._merger = Merger(self._sessions, self._statements)
        self._reader = Reader(self._declarations)
        self._clock = clock
        self.people = PeopleGraph(self._sessions)

    def setup(self) -> None:
        """Create constraints, then indexes, where they are missing, and wait until they serve."""
        for statement in [*self._statements.constraints.values(), *self._statements.indexes, NAMES_ARE_UNIQUE]:
            self._write(statement)
        self._write(f"CALL db.awaitIndexes({SETUP_SECONDS})")

    def _write(self, statement: str) -> None:
        self._sessions.run(lambda transaction: transaction.run(statement).consume(), SETUP_SECONDS)

    def check(self) -> None:
        """Raise Unavailable, WrongPassword or ConfigurationError if the database cannot be used."""

        def names(transaction: Transaction) -> set[str]:
            return {record["name"] for record in transaction.run("SHOW CONSTRAINTS YIELD name")}

        present = self._sessions.run(names)
        if missing := [name for name in self._statements.constraints if name not in present]:
            raise ConfigurationError(
                f"Neo4j without {', '.join(missing)}",
                rule="the graph's constraints must exist",
                remedy="Run `sightline setup`",
            )

    def merge(self, images: Sequence[GraphImage], move: SyncMove | None = None) -> list[Merged | Exception]:
        """Write whole images, each only if its version is higher.

        Of several versions of one image only the highest is written. A transaction is bounded by its relationships,
        so that a large batch takes several.
        """
        facts, outcomes = all_facts(images, self._declarations, self._clock())
        outcomes |= self._merger.merge(facts, move)
        return outcomes_in_order(images, facts, outcomes)

    def lower(
        self, images: Sequence[GraphImage], unchanged: Callable[[Sequence[str]], set[str]]
    ) -> list[Merged | Exception]:
        """Write whole images over newer ones, if their rows are found unchanged while their locks are held."""
        facts, outcomes = all_facts(images, self._declarations, self._clock())
        outcomes |= self._merger.merge(facts, unchanged=unchanged)
        return outcomes_in_order(images, facts, outcomes)

    def show_video(self, findings: VideoFindings) -> None:
        """Show what a job found in a video, in place of what a job of this kind had found; safe to repeat."""
        show(findings, self._statements, self._sessions)

    def versions(self, image_ids: Sequence[str]) -> dict[str, int]:
        """Return the version that the graph shows, for those images that it has."""
        return self._sessions.run(lambda transaction: versions(transaction, image_ids))

    def sync_state(self) -> SyncState:
        """Return how far the sync has come."""
        return self._sessions.run(read_state)

    def days(self) -> list[CameraDay]:
        """Return every camera's capture day of which the graph shows an image, from the index alone."""

        def read(transaction: Transaction) -> list[CameraDay]:
            return [CameraDay.parse(record["camera_day"]) for record in transaction.run(DAYS)]

        return self._sessions.run(read, READ_SECONDS)

    def versions_of_day(self, camera_day: CameraDay) -> dict[str, int | None]:
        """Return the images that the graph shows for a camera's capture day."""

        def read(transaction: Transaction) -> dict[str, int | None]:
            found = transaction.run(VERSIONS_OF_DAY, camera_day=str(camera_day))
            return {record["image_id"]: record["version"] for record in found}

        return self._sessions.run(read, READ_SECONDS)

    def differences(self, images: Sequence[GraphImage]) -> dict[str, list[Difference]]:
        """Compare images with what the graph shows of them."""
        expected = [facts_of(image, self._declarations, self._clock()) for image in images]
        shown = self._sessions.run(lambda t: self._reader.read(t, [each.image_id for each in expected]), READ_SECONDS)
        found = {each.image_id: differences(each, shown.get(each.image_id)) for each in expected}
        return {image_id: some for image_id, some in found.items() if some}

    def purge(self, gone_before: datetime) -> Iterator[tuple[str, int]]:
        """Delete what is no longer needed, slice by slice."""
        return purge(self._sessions, self._declarations, gone_before)

    def counts(self) -> GraphCounts:
        """Count nodes and relationships by kind, from the database's own counters."""

        def count(transaction: Transaction) -> GraphCounts:
            def found(statements: Mapping[str, str]) -> dict[str, int]:
                return {kind: transaction.run(text).single(strict=True)["found"] for kind, text in statements.items()}

            return GraphCounts(found(self._statements.count_nodes), found(self._statements.count_relationships))

        return self._sessions.run(count)

    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, Json]]:
        """Run a named query of `queries.cypher`; a node is returned as its properties."""
        asked = query_named(name)
        bound = asked.bind(parameters)
        return self._sessions.run(lambda transaction: transaction.run(asked.text, bound).data())

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()
