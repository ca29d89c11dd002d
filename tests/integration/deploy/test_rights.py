"""The rights that deploy/iam gives: what each role asks of AWS in a full run, and not more."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from redis import Redis

from sightline.models.images import Capture, ImageRow, Lane, State
from sightline.ratelimit.redis import client_options
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.dynamodb.conditions import exists
from sightline.storage.dynamodb.schema import Key, Schema, ensure
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.encoding import encode_row, images_table
from sightline.storage.images.table_layout import OLD_TABLE
from sightline.storage.verdicts.dynamodb import verdicts_table
from tests.integration.deploy import commands, work
from tests.integration.deploy.deployed import Deployed
from tests.integration.deploy.exercised import Method, methods
from tests.integration.rights import Right, granted, recording

READ_BY_REKOGNITION = {("s3:GetObjectVersion", "IMAGES_BUCKET/*")}
"""It reads an image, of a bucket that keeps versions the one that is named, with the caller's rights."""

GIVEN_APART = {
    ("dynamodb:Scan", "analyses"),  # status --exact
    ("dynamodb:Scan", commands.LABEL_SET),
    ("dynamodb:DescribeTable", commands.LABEL_SET),
}
"""What deploy/README.md says is needed besides, by commands that few people ever run."""

OF_NO_WORKER: set[Method] = {
    *((store, "setup") for store in ("images", "videos", "ledger", "verdicts", "rollups")),
    *(("buckets", name) for name in ("copy", "create", "link", "remove")),
    *(
        ("verdicts", name)
        for name in (
            *("ask", "asked", "asked_many", "asked_since", "last_entry", "everything"),
            *("write", "of_image", "of_label", "of_reviewers", "scan"),
        )
    ),
    ("images", "by_days"),
    ("images", "postpone"),
    ("operations.comparisons", "request"),
    ("images", "move_days"),
    ("images", "receive"),
    ("rollups", "get"),
    ("rollups", "hour_counts"),
    ("operations.dirty_days", "newest"),
    ("operations.dead_letters", "open_ids"),
    ("operations.dead_letters", "walk"),
    *(("operations.people", name) for name in ("candidate", "said_by", "waiting")),
}
"""What only `sightline setup`, `listen`, quarantines, reviewers and the console do, for whom other policies are. Only
tests get rollups and postpone a row by itself.
"""


OF_AN_OLDER_VERSION = ImageRow(
    "s3://frames/shed/old.jpg",
    Lane.LIVE,
    State.COMPLETE,
    datetime(2020, 1, 1, tzinfo=UTC),
    version=2,
    capture=Capture("shed", datetime(2020, 1, 1, tzinfo=UTC), "key"),
)


@dataclass(frozen=True, slots=True)
class FullRun:
    """The rights that were taken, by the policy that is to give them; and the methods of stores that workers called."""

    setup: set[Right]
    producers: set[Right]
    workers: set[Right]
    called: set[Method]


def s3_client(endpoint: str) -> Any:
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    return session.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))


def streams_of(dynamodb: Any) -> Any:
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    return session.client("dynamodbstreams", endpoint_url=dynamodb.meta.endpoint_url)


@pytest.fixture(scope="module")
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, **client_options()) as client:
        yield client


@pytest.fixture(scope="module")
def full_run(dynamodb_client: Any, module_table_prefix: str, s3_endpoint: str, redis: Redis) -> Iterator[FullRun]:
    """Do everything that anybody does, and record the rights that it takes."""
    prefix, s3, camera = module_table_prefix, s3_client(s3_endpoint), S3Buckets(s3_client(s3_endpoint))
    streams = streams_of(dynamodb_client)
    world = Deployed(dynamodb_client, streams, prefix, s3, camera, redis)
    operator = commands.Operator(world, dynamodb_client, prefix)
    names = {world.frames: "IMAGES_BUCKET", world.own: "SIGHTLINE_BUCKET"}
    with recording(dynamodb_client, prefix, s3, names) as of_setup:
        operator("setup")
    make_older_tables(dynamodb_client, prefix)
    older = DynamoTable(dynamodb_client, images_table(prefix))
    older.put(encode_row(OF_AN_OLDER_VERSION, OLD_TABLE))
    with recording(dynamodb_client, prefix, s3, names) as of_completion:
        operator("setup", "--unfinished-shards", "4", "--feed-shards", "4")
    assert older.delete({"image_id": OF_AN_OLDER_VERSION.image_id}, exists("day_place"))
    fill_label_set(dynamodb_client, f"{prefix}{commands.LABEL_SET}", world)
    ended = f"s3://{world.frames}/shed/1.jpg"  # there is no such object
    world.add(ended)
    world.work()
    with recording(dynamodb_client, prefix, s3, names) as of_producers:
        add_as_producers_do(world, ended)
    world.called.clear()
    with recording(dynamodb_client, prefix, s3, names, streams) as of_workers:
        for do in work.DOINGS:
            do(world)
        commands.command_all(world, operator)
    yield FullRun(of_setup | of_completion, of_producers, of_workers, world.called)
    for bucket in (world.frames, world.own):
        for each in camera.list_page(bucket, "", None):
            camera.delete(each.uri)


def make_older_tables(client: Any, prefix: str) -> None:
    """Replace tables by those of an older version: an index is missing."""
    for table in (images_table(prefix), verdicts_table(prefix)):
        client.delete_table(TableName=table.name)
        ensure(client, replace(table, indexes=table.indexes[:-1]))
    client.delete_table(TableName=f"{prefix}analyses")
    ensure(client, Schema(f"{prefix}analyses", Key("analysis_id")))


def add_as_producers_do(world: Deployed, ended: str) -> None:
    """Add an image, one that has ended, one that is refused, and a video."""
    world.add(f"s3://{world.frames}/shed/2.jpg", ended, "s3://no bucket/1.jpg")
    world.add_video(f"s3://{world.frames}/shed/2.mp4")
    world.sent.clear()


def fill_label_set(client: Any, name: str, world: Deployed) -> None:
    """Make the table of another system, with one image."""
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "object_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "object_key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    row = {"object_key": {"S": commands.IMPORTED}, "label": {"S": "Person"}, "confidence": {"N": "90"}}
    client.put_item(TableName=name, Item=row | {"event_ts": {"N": f"{world.clock.now.timestamp():.0f}"}})


def test_a_full_run_asks_everything_of_the_stores_that_workers_can(full_run: FullRun) -> None:
    assert methods() == full_run.called | OF_NO_WORKER


def test_the_workers_policy_gives_what_a_full_run_takes_and_nothing_else(full_run: FullRun) -> None:
    assert granted("workers", "dynamodb", "s3") | GIVEN_APART == full_run.workers | READ_BY_REKOGNITION


def test_the_producers_policy_gives_what_adding_images_takes_and_nothing_else(full_run: FullRun) -> None:
    assert granted("producers", "dynamodb", "s3") == full_run.producers


def test_the_policy_of_setup_gives_what_making_and_completing_tables_takes_and_nothing_else(full_run: FullRun) -> None:
    assert granted("setup", "dynamodb", "s3") == full_run.setup
