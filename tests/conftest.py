"""What every test may ask for, in which order tests run, and which of them may open a socket.

Unit tests open none, the others none beyond loopback.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_socket
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from dev.install.servers import BROWSER, how_to_get
from dev.stack.watched import end_watch, watch
from tests.examples import load_profile
from tests.servers import Neo4jAddress, ServersOfTheRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser

load_profile()

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
KINDS = ("unit", "browser", "integration", "acceptance")
"""The order in which they run: the quickest come first."""

STACKS = {
    "test_docs.py": "the stack of the pages",
    "test_operating.py": "a small stack",
    "test_stack.py": "a small stack",
    "test_lifetimes.py": "what is killed",
}
"""The acceptance tests that start stacks by commands, the longest first. Under `-n`, a process that has time takes one
of these stacks after the other, so that no process has nothing to do for minutes at the end."""

LAST = ("test_faults.py", *STACKS)
"""The acceptance tests that change their stack: each stack starts once, and ends before the next one starts."""


class ByServers(LoadScopeScheduling):  # type: ignore[misc]  # xdist does not say its types
    """Processes share a run. Tests that use the same servers stay in one process, so that these start once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        _, kind, *rest = file.split("/")
        if kind in {"unit", "browser"}:  # a browser starts in half a second
            return file
        return STACKS.get(rest[-1], kind)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Give the forms of log lines back after each test: commands that serve or listen set them for their process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    if structlog.is_configured():
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of the documentation be made anew; without the option a run leaves them as they are."""
    parser.addoption("--pictures", type=Path, metavar="FOLDER", help="write the walk-through's pictures there")


def pytest_configure() -> None:
    """Start the watch before anything else: xdist's processes end with this one too."""
    watch()


def pytest_unconfigure() -> None:
    """End what a test has left running."""
    end_watch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests; those with equal rank keep their order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[int, int]:
    kind = item.path.relative_to(UNIT.parent).parts[0]
    name = item.path.name
    return KINDS.index(kind) if kind in KINDS else 0, LAST.index(name) + 1 if name in LAST else 0


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServers:
    """Distribute the tests; called only under `-n`."""
    return ByServers(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network before any fixture of the test is made. Unix sockets stay: event loops use them to wake up."""
    if UNIT in item.path.parents:
        pytest_socket.disable_socket(allow_unix_socket=True)
    else:
        pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Open the network again: a fixture of the whole run may end after a unit test."""
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServersOfTheRun]:
    from tests.acceptance.spine import options  # noqa: PLC0415 - unit tests need nothing of it

    folder = tmp_path_factory.mktemp("servers")
    made = ServersOfTheRun(folder / "stack", os.environ, options(folder))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def redis_url(servers: ServersOfTheRun) -> str:
    return servers.setting("redis", "SIGHTLINE_REDIS_URL")


@pytest.fixture(scope="session")
def dynamodb_endpoint(servers: ServersOfTheRun) -> str:
    return servers.setting("dynamodb", "SIGHTLINE_DYNAMODB_ENDPOINT")


@pytest.fixture(scope="session")
def s3_endpoint(servers: ServersOfTheRun) -> str:
    return servers.setting("s3", "SIGHTLINE_S3_ENDPOINT")


@pytest.fixture(scope="session")
def neo4j_address(servers: ServersOfTheRun) -> Neo4jAddress:
    names = ("URI", "USER", "PASSWORD", "DATABASE")
    return Neo4jAddress(*(servers.setting("neo4j", f"SIGHTLINE_NEO4J_{name}") for name in names))


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Return Debian's Chromium: one for the whole run, since Playwright cannot be started twice in a process."""
    from dev.chromium import launched  # noqa: PLC0415 - unit tests need nothing of it

    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(how_to_get([BROWSER])))
    with launched(path) as made:
        yield made
