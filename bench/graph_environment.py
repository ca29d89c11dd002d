"""The graph that the benchmark writes to. It is emptied before each run and counted after it."""

from threading import Lock

from neo4j import Driver
from neo4j.exceptions import Neo4jError

from bench.graph_baselines import Tools
from sightline.graph.cypher import Statements
from sightline.graph.declarations import declare
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.sessions import Sessions
from sightline.rekognition.features.labels import FEATURE as LABELS

_DEADLOCK = "Neo.TransientError.Transaction.DeadlockDetected"


class Environment:
    """One database of a server, with only the constraints of labels."""

    def __init__(self, driver: Driver, database: str) -> None:
        self._driver = driver
        self._database = database
        self._declarations = declare({LABELS.name: LABELS})
        self._deadlocks = 0
        self._lock = Lock()
        self.statements = Statements(self._declarations)
        self.tools = Tools(Sessions(driver, database), self._declarations, self._note)

    def store(self) -> Neo4jGraphStore:
        """Return a new store, which remembers nothing yet."""
        return Neo4jGraphStore(self._driver, self._database, self._declarations, on_retry=self._note)

    def _note(self, error: BaseException) -> None:
        if isinstance(error, Neo4jError) and error.code == _DEADLOCK:
            with self._lock:
                self._deadlocks += 1

    def take_deadlocks(self) -> int:
        """Return the number of deadlocks since the last call."""
        with self._lock:
            found, self._deadlocks = self._deadlocks, 0
            return found

    def clear(self) -> None:
        """Delete everything, in slices: a node with all its relationships would not fit into the server's memory."""
        with self._driver.session(database=self._database) as session:
            for match in ("()-[gone]->()", "(gone)"):
                session.run(f"MATCH {match} CALL (gone) {{ DELETE gone }} IN TRANSACTIONS OF 10000 ROWS").consume()
        self.store().setup()

    def drop_constraints(self) -> None:
        """Drop all constraints and indexes; `clear` creates them again."""
        with self._driver.session(database=self._database) as session:
            for kind, those in (("CONSTRAINT", ""), ("INDEX", "WHERE type <> 'LOOKUP'")):
                for found in session.run(f"SHOW {kind} YIELD name, type {those}").fetch(1000):
                    session.run(f"DROP {kind} `{found['name']}`").consume()

    def relationships(self) -> int:
        """Count the relationships."""
        return self._number("MATCH ()-[edge]->() RETURN count(edge) AS found")

    def duplicates(self) -> int:
        """Count the relationships beyond the first of a type between the same two nodes."""
        return self._number(
            "MATCH (a)-[edge]->(b) WITH a, b, type(edge) AS type, count(*) AS times WHERE times > 1 "
            "RETURN coalesce(sum(times - 1), 0) AS found"
        )

    def _number(self, text: str) -> int:
        records = self._driver.execute_query(text, database_=self._database).records
        return int(records[0]["found"])
