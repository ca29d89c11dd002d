"""The rights that deploy/iam/reviewers.json gives: what a reviewer's commands ask of DynamoDB, and not more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.services.collaborators import Services
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from tests.integration.rights import Rights, granted
from tests.unit.services.rollups.yard import LAST_DAY, Yard


def with_tables(yard: Yard, client: Any, prefix: str) -> Services:
    return replace(
        yard.services,
        images=DynamoImageStore(client, prefix, yard.clock),
        verdicts=DynamoVerdictStore(client, prefix),
        rollups=DynamoRollupStore(client, prefix),
        operations=dynamo_operations(client, prefix, yard.clock),
    )


@pytest.fixture
def yard(dynamodb_client: Any, table_prefix: str) -> Yard:
    """Give a yard whose rows are in DynamoDB."""
    yard = Yard()
    yard.services = with_tables(yard, dynamodb_client, table_prefix)
    for store in (yard.services.images, yard.services.verdicts, yard.services.rollups, yard.services.operations):
        store.setup()
    yard.images, yard.operations = yard.services.images, yard.services.operations  # type: ignore[assignment] # real ones for twins
    yard.images_of_a_day(6)
    yard.roll_up()
    return yard


@pytest.fixture
def rights(
    yard: Yard,  # noqa: ARG001 - what its making asks for is not noted
    dynamodb_client: Any,
    table_prefix: str,
) -> Iterator[Rights]:
    noted = Rights(dynamodb_client, table_prefix)
    yield noted
    noted.stop()


@pytest.fixture
def run(yard: Yard, rights: Rights) -> Callable[..., str]:  # noqa: ARG001 - they are noted from here on
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(sightline, list(arguments), obj=Factory(services=yard.services))
        assert 0 == result.exit_code, result.output
        return result.stdout

    return run


def test_the_policy_gives_what_a_review_asks_of_dynamodb_and_nothing_else(
    run: Callable[..., str], rights: Rights, tmp_path: Path
) -> None:
    asked = json.loads(run("review", "next", "--day", LAST_DAY, "--count", "2", "--json"))["images"]
    run("review", "next")
    run("verdicts", "add", asked[0]["uri"], "present")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"uri,verdict\n{asked[1]['uri']},absent\n", "utf-8")
    run("verdicts", "import", str(sheet))
    run("verdicts", "export")
    run("verdicts", "agreement")
    run("accuracy", "--window", "1", "--html", str(tmp_path / "report.html"))
    run("accuracy", "--camera", "yard", "--window", "1", "--json")
    assert granted("reviewers", "dynamodb") == rights.used
