"""Clients of the real servers, for the tests of the stores."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import neo4j
import pytest
from botocore.config import Config

from sightline.errors import Unavailable
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import GraphImage
from sightline.storage.dynamodb.client import client_of_stores, session_of_stores
from tests.integration.own_redis import OwnRedis
from tests.servers import Neo4jAddress

WARMING_ATTEMPTS = 5


@pytest.fixture(scope="session")
def dynamodb_client(dynamodb_endpoint: str) -> Any:
    """Give a client whose request is sent once: a test says itself what is sent again."""
    keys = {"aws_access_key_id": "tests", "aws_secret_access_key": "tests"}
    session = boto3.Session(**keys, region_name="us-east-1", botocore_session=session_of_stores())
    config = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1})
    return client_of_stores(session, dynamodb_endpoint, config)


@contextmanager
def _own_tables(client: Any) -> Iterator[str]:
    """Give a prefix that no other test has, and delete the tables that bear it."""
    prefix = f"test-{uuid4().hex[:12]}-"
    yield prefix
    for name in client.list_tables(ExclusiveStartTableName=prefix, Limit=10)["TableNames"]:
        if name.startswith(prefix):
            client.delete_table(TableName=name)


@pytest.fixture
def table_prefix(dynamodb_client: Any) -> Iterator[str]:
    with _own_tables(dynamodb_client) as prefix:
        yield prefix


@pytest.fixture(scope="module")
def module_table_prefix(dynamodb_client: Any) -> Iterator[str]:
    """Give a prefix for tables that the tests of one module share."""
    with _own_tables(dynamodb_client) as prefix:
        yield prefix


@pytest.fixture(scope="session")
def driver(neo4j_address: Neo4jAddress) -> Iterator[neo4j.Driver]:
    with neo4j.GraphDatabase.driver(
        neo4j_address.uri, auth=neo4j_address.auth, notifications_min_severity="OFF"
    ) as made:
        _warm(Neo4jGraphStore(made, "neo4j"), made)
        yield made


def _merge_in_time(store: Neo4jGraphStore, image: GraphImage) -> None:
    for _ in range(WARMING_ATTEMPTS):
        with suppress(Unavailable):
            store.merge([image])
            return
    pytest.fail(f"Neo4j merged no image in {WARMING_ATTEMPTS} attempts")


def _warm(store: Neo4jGraphStore, driver: neo4j.Driver) -> None:
    """Have the server plan its statements: on a busy machine that takes longer than a transaction may last."""
    store.setup()
    found = {name: ((f"Warmth of {name}", 99.0),) for name in ("labels", "faces", "text")}
    first = GraphImage("s3://warm/up.jpg", "up.jpg", 1, "warm", datetime.now(UTC), found)
    for image in (first, replace(first, version=2), replace(first, version=3, findings={}, is_gone=True)):
        _merge_in_time(store, image)
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = OwnRedis(probe.getsockname()[1], tmp_path)
    server.start()
    yield server
    server.stop()
