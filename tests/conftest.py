"""What every test may ask for, and the rule that unit tests open no socket and the others none beyond loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.examples import load_profile
from tests.servers import Neo4jAddress, ServersOfTheRun, servers_of_the_run

load_profile()

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
OWN_STACK = {"test_faults.py": "faulty", "test_operating.py": "up", "test_stack.py": "up"}


class ByServers(LoadScopeScheduling):  # type: ignore[misc]  # xdist does not say its types
    """Two processes share a run: what uses the same servers stays in one of them, so that they start once."""

    def _split_scope(self, nodeid: str) -> str:
        _, kind, *rest = nodeid.partition("::")[0].split("/")
        if kind == "unit":
            return "/".join(rest)
        return kind if kind != "acceptance" else OWN_STACK.get(rest[-1], "spine")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServers:
    """Share the tests out; asked only under `-n`."""
    return ByServers(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network, before any fixture of the test is made. A Unix socket stays: event loops wake by one."""
    if UNIT in item.path.parents:
        pytest_socket.disable_socket(allow_unix_socket=True)
    else:
        pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Open it again: a fixture of the whole run may end after a unit test."""
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServersOfTheRun]:
    made = servers_of_the_run(tmp_path_factory.mktemp("servers"))
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
