"""One stack for all tests that can share it: starting it takes longer than most of them."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from tests.acceptance.faulty import Faulty, running
from tests.acceptance.spine import WORKERS, Spine, options
from tests.acceptance.up_stack import FEW, UpStack


@pytest.fixture(scope="session")
def spine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spine]:
    """Give a sightline that works: servers, tables, and workers that end by TERM."""
    folder = tmp_path_factory.mktemp("spine")
    with Stack(folder / "stack", options=options(folder)) as stack:
        stack.set_up()
        stack.start_workers(WORKERS)
        made = Spine(stack)
        yield made
        made.close()


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """Give a sightline whose processes a test may kill, and whose wires it may cut."""
    with running(tmp_path_factory.mktemp("faulty")) as made:
        yield made


@pytest.fixture(scope="session")
def up_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpStack]:
    """Give what `make up` leaves running, few processes of it; the last test of `test_stack` takes it down."""
    made = UpStack(tmp_path_factory.mktemp("up"))
    try:
        made.up(FEW)
        yield made
    finally:
        made.run("down")
