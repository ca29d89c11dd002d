"""Reads of the graph for pages, with a bound on how long a page waits for them.

Neo4j ends a transaction that lasts too long, but a server that stands still ends nothing, and the driver waits for its
answer without a bound. So each query runs in a thread of its own, which is left behind if it does not come back.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from threading import BoundedSemaphore, Thread
from time import monotonic

from sightline.errors import Unavailable
from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json

PATIENCE = timedelta(seconds=10)
"""How long a page waits for a query, its turn included."""

READS_AT_ONCE = 16
"""Those left behind count too: so many threads wait at most for a server that stands still."""

Rows = list[dict[str, Json]]
Begin = Callable[[Callable[[], None]], None]
"""Runs something beside the caller, or raises RuntimeError where there is no thread to be had."""


def begin_thread(run: Callable[[], None]) -> None:
    """Run something in a thread of its own, which may be left behind."""
    Thread(target=run, name="web-graph", daemon=True).start()


class GraphReader:
    """Asks the graph. Threads share one. graph: returns the store of now."""

    def __init__(
        self, graph: Callable[[], GraphStore], patience: timedelta = PATIENCE, begin: Begin = begin_thread
    ) -> None:
        self._graph, self._patience_seconds, self._begin = graph, patience.total_seconds(), begin
        self._room = BoundedSemaphore(READS_AT_ONCE)

    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> Rows:
        """Run a named query; raise Unavailable if it takes too long."""
        deadline = monotonic() + self._patience_seconds
        if not self._room.acquire(timeout=self._patience_seconds):
            raise self._too_slow()
        asked: Future[Rows] = Future()
        try:
            self._begin(lambda: self._run(asked, name, parameters))
        except BaseException:
            self._room.release()  # nobody else would, and the room is all there is
            raise
        try:
            return asked.result(max(deadline - monotonic(), 0))
        except TimeoutError as error:
            raise self._too_slow() from error

    def _run(self, asked: Future[Rows], name: str, parameters: Mapping[str, Json] | None) -> None:
        try:
            asked.set_result(self._graph().query(name, parameters))
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            asked.set_exception(error)
        finally:
            self._room.release()

    def _too_slow(self) -> Unavailable:
        rule = f"the server did not answer within {self._patience_seconds:g} seconds"
        return Unavailable("Neo4j", rule=rule, remedy="Ask for fewer days or one camera, or try again later")
