"""Clients of the real servers, for the tests of the stores."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import neo4j
import pytest
from botocore.config import Config

from stores.graph.neo4j import Neo4jGraphStore
from tests.servers import Neo4jAddress


@pytest.fixture(scope="session")
def dynamodb_client(dynamodb_endpoint: str) -> Any:
    """Give a client whose request is sent once: a test says itself what is sent again."""
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    config = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1})
    return session.client("dynamodb", endpoint_url=dynamodb_endpoint, config=config)


@pytest.fixture
def table_prefix(dynamodb_client: Any) -> Iterator[str]:
    """Give a prefix that no other test has, and delete the tables that bear it."""
    prefix = f"test-{uuid4().hex[:12]}-"
    yield prefix
    for name in dynamodb_client.list_tables(ExclusiveStartTableName=prefix, Limit=10)["TableNames"]:
        if name.startswith(prefix):
            dynamodb_client.delete_table(TableName=name)


@pytest.fixture(scope="session")
def driver(neo4j_address: Neo4jAddress) -> Iterator[neo4j.Driver]:
    with neo4j.GraphDatabase.driver(
        neo4j_address.uri, auth=neo4j_address.auth, notifications_min_severity="OFF"
    ) as made:
        Neo4jGraphStore(made, "neo4j").setup()
        yield made
