"""The stacks of the acceptance tests, one at a time: starting one takes longer than most of the tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import faulty as faults
from tests.acceptance.faulty import Faulty
from tests.acceptance.spine import WORKERS, Spine
from tests.acceptance.up_stack import FEW, UpStack
from tests.servers import ServersOfTheRun


class Turns:
    """Which stack has the machine. Taking a turn ends the one before."""

    def __init__(self) -> None:
        self._name = ""
        self._has: Any = None
        self._ends = ExitStack()

    def take(self, name: str, begin: Callable[[], AbstractContextManager[Any]]) -> Any:
        """Return what the turn of this name has made; make it if the turn begins."""
        if name != self._name:
            self.end()
            self._has, self._name = self._ends.enter_context(begin()), name
        return self._has

    def end(self) -> None:
        """End the turn, if there is one."""
        self._name = ""
        self._ends.close()


@pytest.fixture(scope="session")
def turns() -> Iterator[Turns]:
    made = Turns()
    yield made
    made.end()


@pytest.fixture(scope="module")
def spine(turns: Turns, servers: ServersOfTheRun) -> Spine:
    """Return a running sightline: servers, tables, and workers that stop on TERM."""
    given: Spine = turns.take("spine", lambda: _working(servers))
    return given


@contextmanager
def _working(servers: ServersOfTheRun) -> Iterator[Spine]:
    stack = servers.running()
    stack.set_up()
    made = Spine(stack)
    try:
        stack.start_workers(WORKERS)
        yield made
    finally:
        stack.replicas.stop()
        made.close()


@pytest.fixture(scope="module")
def faulty(turns: Turns, servers: ServersOfTheRun) -> Faulty:
    """Return a sightline whose processes a test may kill, and whose connections it may cut."""
    given: Faulty = turns.take("faulty", lambda: faults.working(servers.running()))
    return given


@pytest.fixture(scope="module")
def up_stack(turns: Turns, servers: ServersOfTheRun, tmp_path_factory: pytest.TempPathFactory) -> UpStack:
    """Return a small stack that `make up` has started; the last test of `test_stack` takes it down."""
    given: UpStack = turns.take("up", lambda: _up(servers, tmp_path_factory.mktemp("up")))
    return given


@pytest.fixture(scope="module")
def alone(turns: Turns, servers: ServersOfTheRun) -> None:
    """Stop every stack of the tests, so that nothing else runs."""
    turns.end()
    servers.stop()


@contextmanager
def _up(servers: ServersOfTheRun, folder: Path) -> Iterator[UpStack]:
    servers.stop()
    made = UpStack(folder)
    try:
        made.up(FEW)
        yield made
    finally:
        made.run("down")
