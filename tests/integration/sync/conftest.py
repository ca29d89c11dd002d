"""A sightline over the real DynamoDB, Neo4j and S3, and the same over the twins."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import boto3
import neo4j
import pytest

from sightline.graph.group_commit import GroupCommit
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import GraphStore
from sightline.services.collaborators import Services
from sightline.services.graph_merge import RowMerger
from sightline.services.sync import sync_with
from sightline.storage.buckets.protocol import Buckets
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.operations import dynamo_operations
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline
from sightline.testing.graph import InMemoryGraphStore, Triple
from tests.integration.graph.subject import triples_in
from tests.persistence import tried_again


@dataclass
class Place:
    """One sightline with rows, graph, operations and buckets. `fence` rises with each run of its sync."""

    services: Services
    clock: MovingClock
    driver: neo4j.Driver | None = None
    fence: int = 0

    def sync(self) -> dict[str, object]:
        """Run the sync once."""
        self.fence += 1
        return dict(tried_again(lambda: sync_with(self.services).run(self.fence, lambda: True)))

    def empty_the_graph(self) -> None:
        """Lose the graph, with the sync's position in it."""
        if self.driver is None:
            self.services = replace(self.services, graph=InMemoryGraphStore())
        else:
            self.driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")

    def triples(self) -> set[Triple]:
        """Return the whole graph."""
        if self.driver is None:
            return self.services.graph.triples()  # type: ignore[attr-defined,no-any-return] # of the twin alone
        return triples_in(self.driver)


@pytest.fixture
def real_graph(driver: neo4j.Driver) -> GraphStore:
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")
    return Neo4jGraphStore(driver, "neo4j")


@pytest.fixture
def real_buckets(s3_endpoint: str) -> Iterator[tuple[Buckets, str]]:
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    buckets, name = S3Buckets(session.client("s3", endpoint_url=s3_endpoint)), f"sync-{uuid4().hex[:12]}"
    buckets.create(name)
    yield buckets, name
    for each in buckets.list_page(name, "", None):
        buckets.delete(each.uri)


@pytest.fixture
def twins() -> Place:
    world = FakeSightline()
    return Place(world.services, world.clock)


@pytest.fixture
def real(dynamodb_client, table_prefix, driver, real_graph, real_buckets, twins) -> Place:
    clock = twins.clock
    images = DynamoImageStore(dynamodb_client, table_prefix, clock)
    operations = dynamo_operations(dynamodb_client, table_prefix, clock)
    images.setup()
    operations.setup()
    buckets, bucket = real_buckets
    services = replace(
        twins.services,
        images=images,
        operations=operations,
        graph=real_graph,
        merges=GroupCommit(RowMerger(images, real_graph.merge), window=timedelta(0)),
        buckets=buckets,
        checkpoint_bucket=bucket,
    )
    return Place(services, clock, driver)


@pytest.fixture(params=["twins", "real"])
def place(request) -> Place:
    chosen: Place = request.getfixturevalue(request.param)
    return chosen
