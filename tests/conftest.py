"""What every test may ask for, and the rule that unit tests open no socket and the others none beyond loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

from tests.servers import Neo4jAddress, ServersOfTheRun, servers_of_the_run

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
STACKS = ("up_stack", "faulty", "spine")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, where two processes share the run, what uses the same servers: they start once."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """Name the stack that a test uses, or the servers of the run; a unit test needs only its file's fixtures."""
    if UNIT in item.path.parents:
        return f"{item.path.parent.name}/{item.path.stem}"
    asked = getattr(item, "fixturenames", ())
    return next((stack for stack in STACKS if stack in asked), "servers")


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
