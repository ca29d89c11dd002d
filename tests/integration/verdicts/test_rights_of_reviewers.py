"""The rights that deploy/iam/reviewers.json gives: what a reviewer's commands ask of AWS, and not more."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.services.review_planning import plan_review
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.testing.fake import BUCKET
from tests.integration.rights import Right, granted, process_while_days_move, recording
from tests.unit.services.rollups.yard import LAST_DAY, Yard


@pytest.fixture
def s3() -> Any:
    """Make a client that sends nothing: a reviewer's links are signed here, and followed in a browser."""
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    return session.client("s3")


@pytest.fixture
def yard(dynamodb_client: Any, table_prefix: str, s3: Any) -> Yard:
    """Give a yard whose rows are in DynamoDB, and whose figures are kept apart, however short they are."""
    yard = Yard()
    yard.services = replace(
        yard.services,
        images=DynamoImageStore(dynamodb_client, table_prefix, yard.clock),
        verdicts=DynamoVerdictStore(dynamodb_client, table_prefix),
        rollups=DynamoRollupStore(dynamodb_client, table_prefix, longest_text=500),
        operations=dynamo_operations(dynamodb_client, table_prefix, yard.clock),
        buckets=S3Buckets(s3),
    )
    for store in (yard.services.images, yard.services.verdicts, yard.services.rollups, yard.services.operations):
        store.setup()
    yard.images, yard.operations = yard.services.images, yard.services.operations  # type: ignore[assignment] # real ones for twins
    yard.images_of_a_day(6)
    yard.roll_up()
    plan_review(yard.services, lambda: True)
    return yard


@pytest.fixture
def recorded(dynamodb_client: Any, table_prefix: str, s3: Any) -> Callable[[], AbstractContextManager[set[Right]]]:
    return partial(recording, dynamodb_client, table_prefix, s3, {BUCKET: "IMAGES_BUCKET"})


@pytest.fixture
def run(yard: Yard) -> Callable[..., str]:
    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(sightline, list(arguments), obj=Factory(services=yard.services))
        assert code == result.exit_code, result.output
        return result.stdout

    return run


def review(run: Callable[..., str], folder: Path) -> None:
    """Do all that a reviewer does."""
    asked = json.loads(run("review", "next", "--day", LAST_DAY, "--count", "2", "--json"))["images"]
    run("review", "next")
    run("review", "next", "--window", "28", "--count", "1")
    run("verdicts", "add", asked[0]["uri"], "present", "--sampled")
    sheet = folder / "sheet.csv"
    sheet.write_text(f"uri,verdict\n{asked[1]['uri']},absent\n", "utf-8")
    run("verdicts", "import", str(sheet))
    run("verdicts", "export")
    run("verdicts", "agreement")
    run("accuracy", "--window", "1", "--html", str(folder / "report.html"))
    run("accuracy", "--camera", "yard", "--window", "1", "--json")


def lose_figures(client: Any, table: str) -> None:
    """Empty the pieces of all figures, as if newer ones took their place at this moment."""
    for item in client.scan(TableName=table)["Items"]:
        if "text" in item:
            client.put_item(TableName=table, Item={name: item[name] for name in ("camera_label", "window")})


def test_the_policy_gives_what_a_review_takes_and_nothing_else(
    yard: Yard,
    run: Callable[..., str],
    recorded: Callable[[], AbstractContextManager[set[Right]]],
    dynamodb_client: Any,
    table_prefix: str,
    tmp_path: Path,
) -> None:
    with recorded() as taken:
        review(run, tmp_path)
    moving = process_while_days_move(dynamodb_client, table_prefix, yard.clock)
    yard.services = replace(yard.services, images=moving)
    with recorded() as taken_while_days_move:
        run("review", "next", "--day", LAST_DAY)
    lose_figures(dynamodb_client, f"{table_prefix}rollups")
    with recorded() as taken_while_figures_change:
        run("accuracy", "--window", "1", code=1)
    assert granted("reviewers", "dynamodb", "s3") == taken | taken_while_days_move | taken_while_figures_change
