"""The rights that deploy/iam/workers.json gives: what workers and operators ask of AWS in a full run, and not more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.models.images import Lane
from sightline.services import parity, purge, reconcile, sweep, sync
from sightline.services.leased_runs import run_under_lease
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.rollups import run as rollups
from sightline.services.usage import CallCounter
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, picture
from tests.integration.rights import BucketRights, Right, Rights, granted
from tests.unit.workers.settings import settings


class Deployed(FakeSightline):
    """A sightline over real tables and buckets, whose detector, graph and queues are fakes."""

    def __init__(self, dynamodb: Any, prefix: str, s3: Any) -> None:
        super().__init__(clock=MovingClock(), features=("labels",))
        self.clock.now = datetime.now(UTC)
        self.frames, self.own = f"frames-{prefix}".strip("-"), f"own-{prefix}".strip("-")
        buckets = S3Buckets(s3)
        for name in (self.frames, self.own):
            buckets.create(name)
        operations = dynamo_operations(dynamodb, prefix, self.clock)
        self.services = replace(
            self.services,
            buckets=buckets,
            checkpoint_bucket=self.own,
            images=DynamoImageStore(dynamodb, prefix, self.clock),
            ledger=DynamoLedger(dynamodb, prefix, self.clock, buckets, self.own, largest_in_row_bytes=0),
            verdicts=DynamoVerdictStore(dynamodb, prefix),
            rollups=DynamoRollupStore(dynamodb, prefix),
            operations=operations,
            calls=CallCounter(operations, self.clock, lambda _, do: do()),
            rejection_breaker=RejectionBreaker(operations, self.clock, lambda _, do: do()),
            sweep=replace(self.services.sweep, prefixes=[Prefix(self.frames)]),
        )
        s = self.services
        for store in (s.images, s.ledger, s.verdicts, s.rollups, s.operations):
            store.setup()

    def upload(self, number: int, data: bytes) -> str:
        day = f"{self.clock.now:%Y-%m-%d}"
        uri = ObjectUri(self.frames, f"yard/{day}/Hour-11/snap/MDAlarm_{self.clock.now:%Y%m%d}-1100{number:02}.jpg")
        self.services.buckets.put(uri, data)
        return str(uri)


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    return session.client("s3", endpoint_url=s3_endpoint, config=Config(s3={"addressing_style": "path"}))


@pytest.fixture
def deployed(dynamodb_client: Any, table_prefix: str, s3: Any) -> Iterator[Deployed]:
    made = Deployed(dynamodb_client, f"{table_prefix}{uuid4().hex[:4]}-", s3)
    yield made
    for bucket in (made.frames, made.own):
        for each in made.services.buckets.list_page(bucket, "", None):
            made.services.buckets.delete(each.uri)


@pytest.fixture
def rights(deployed: Deployed, dynamodb_client: Any, s3: Any) -> Iterator[Callable[[], set[Right]]]:
    """Note what is asked for from here on."""
    assert isinstance(deployed.services.images, DynamoImageStore)
    prefix = deployed.services.images._table._schema.name.removesuffix("images")
    tables = Rights(dynamodb_client, prefix)
    buckets = BucketRights(s3, {deployed.frames: "IMAGES_BUCKET", deployed.own: "SIGHTLINE_BUCKET"})
    yield lambda: tables.used | buckets.used
    tables.stop()
    buckets.stop()


def test_the_policy_gives_what_a_full_run_asks_for_and_nothing_else(
    deployed: Deployed, rights: Callable[[], set[Right]]
) -> None:
    work_as_workers_do(deployed)
    command_as_operators_do(deployed)
    by_rekognition = {("s3:GetObjectVersion", "IMAGES_BUCKET/*")}  # it reads with the caller's rights
    assert granted("workers", "dynamodb") | granted("workers", "s3") == rights() | by_rekognition


def work_as_workers_do(world: Deployed) -> None:
    """Carry images through every step and every scheduled task, good ones, a bad one and one that goes."""
    s = world.services
    good = [world.upload(number, picture(number)) for number in range(3)]
    bad = world.upload(3, b"no picture")
    world.clock.move(timedelta(minutes=5))
    world.add(good[0], bad)
    world.run()
    s.operations.attempts.begin("detect_feature#x", "1")
    s.operations.attempts.begun("detect_feature#x")
    s.operations.attempts.end("detect_feature#x")
    world.services.calls.flush()
    for _ in range(2):
        sweep.sweep(s, lambda: True, world.send)
    world.run()
    s.buckets.put(ObjectUri.parse(good[0]), picture(9))
    world.add(good[0])
    world.run()
    s.images.add(good[2], Lane.LIVE)
    world.clock.move(timedelta(hours=1))
    run_under_lease(reconcile.NAME, s, lambda run: reconcile.run_reconcile(run, s, world.send))
    world.run()
    list(s.operations.pauses.stops())
    for _ in range(2):
        run_under_lease(sync.NAME, s, lambda run: sync.run_sync(run, s))
    run_under_lease(parity.CHOOSE, s, lambda _: parity.run_choose(s))
    run_under_lease(parity.CHECK, s, lambda run: parity.run_check(run, s))
    run_under_lease(purge.NAME, s, lambda run: purge.purge(s.graph, s.clock(), run.goes_on))
    world.clock.move(timedelta(days=2))
    rollups.run_roll_up(rollups.RollUp(s), s)


def command_as_operators_do(world: Deployed) -> None:
    factory = Factory(settings(checkpoint_bucket=world.own), world.services, send=world.send)

    def run(*arguments: str, given: str = "") -> None:
        result = CliRunner().invoke(sightline, [*arguments], obj=factory, input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exc_info)
        wrong = 1 if arguments == ("check",) else 0  # the clock of this world is days ahead of the servers'
        assert result.exit_code in {0, wrong}, (arguments, result.output)

    uri = world.upload(4, picture(4))
    world.clock.move(timedelta(minutes=5))
    run("check")
    run("add", uri)
    run("backfill", f"s3://{world.frames}")
    world.run()
    run("status")
    run("show", uri)
    run("images", "--camera", "yard")
    run("dead", "list")
    run("dead", "redrive", "--all")
    world.run()
    run("dead", "list", "--closed")
    run("sync", "--full")
    run("parity", "--repair")
    run("accuracy")
    run("rate", "labels", "3")
    run("rate", "labels", "--reset")
    run("resume")
    CliRunner().invoke(sightline, ["reanalyse", "--yes"], obj=factory)  # there may be nothing to ask about
