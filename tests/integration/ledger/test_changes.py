"""The ledger's changes, as its table's stream tells them, and as the fake does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from sightline.errors import MissingTable
from sightline.models.answers import Answer
from sightline.models.images import Lane, Rejection
from sightline.storage.dynamodb.schema import Key, Schema, check, ensure
from sightline.storage.ledger.changes import DynamoLedgerChanges, LedgerChanges
from sightline.storage.ledger.protocol import Analysis, Ledger
from sightline.testing.ledger import InMemoryLedgerChanges

ANALYSIS = Analysis(
    "a1", "bytes", "labels", {"MinConfidence": 30.0}, "1", "s3://frames/yard/1.jpg", Lane.BACKFILL, True
)
ANSWER = Answer((), "model")


@pytest.fixture
def make_changes(dynamodb_client: Any, table_prefix: str) -> Callable[[], DynamoLedgerChanges]:
    keys: dict[str, Any] = {"aws_access_key_id": "tests", "aws_secret_access_key": "tests", "region_name": "us-east-1"}

    def streams() -> Any:
        return boto3.Session(**keys).client("dynamodbstreams", endpoint_url=dynamodb_client.meta.endpoint_url)

    return lambda: DynamoLedgerChanges(dynamodb_client, streams, table_prefix)


@pytest.fixture
def changes(request: pytest.FixtureRequest, ledger: Ledger) -> LedgerChanges:
    if not hasattr(ledger, "changes"):
        made: LedgerChanges = request.getfixturevalue("make_changes")()
        return made
    return InMemoryLedgerChanges(ledger)  # type: ignore[arg-type]


def _read(changes, after=None):
    return [change for shard in changes.shards() for page in changes.pages(shard, after) for change in page.changes]


def test_each_write_is_told_with_the_entry_before_and_after(ledger, changes):
    claimed = ledger.claim(ANALYSIS)
    settled = ledger.settle(claimed, ANSWER, 1000)
    first, second = _read(changes)
    assert (None, claimed) == (first.before, first.after)
    assert (claimed, replace(settled, answer=None)) == (second.before, replace(second.after, answer=None))
    assert (Lane.BACKFILL, True) == (second.after.analysis.lane, second.after.analysis.is_redriven)


def test_what_a_call_cost_is_told(ledger, changes):
    ledger.release(ledger.claim(ANALYSIS), dropped_micro_usd=1000)
    ledger.release(ledger.claim(ANALYSIS), is_unknown=True)
    ledger.settle(ledger.claim(ANALYSIS), Rejection("InvalidImage", "no"), 0)
    last = _read(changes)[-1].after
    assert (1000, 1, 0, True) == (last.dropped_micro_usd, last.unknown_attempts, last.cost_micro_usd, last.is_settled)


def test_reading_goes_on_after_a_change(ledger, changes):
    claimed = ledger.claim(ANALYSIS)
    (first,) = _read(changes)
    assert [] == _read(changes, first.number)
    ledger.release(claimed)
    (second,) = _read(changes, first.number)
    assert first.number < second.number


def test_a_new_ledger_lacks_nothing(changes):
    assert changes.lacks() is None


def test_a_table_of_an_older_version_gets_its_stream_and_lacks_the_days_before(
    dynamodb_client, table_prefix, make_changes
):
    told = dynamodb_client.describe_table
    older = Schema(f"{table_prefix}analyses", Key("analysis_id"))
    ensure(dynamodb_client, older)
    with pytest.raises(MissingTable, match="stream of its changes"):
        make_changes().shards()
    newer = replace(older, tells_changes=True)
    with pytest.raises(MissingTable, match="stream of its changes"):
        check(dynamodb_client, newer)
    ensure(dynamodb_client, newer)
    check(dynamodb_client, newer)
    assert make_changes().shards()
    made_long_ago = _Older(dynamodb_client, told)
    changes = DynamoLedgerChanges(made_long_ago, lambda: None, table_prefix)  # type: ignore[arg-type]
    assert datetime.now(UTC).date() == changes.lacks()


class _Older:
    """A client whose tables were made long ago."""

    def __init__(self, client: Any, describe: Any) -> None:
        self._client, self._describe = client, describe

    def describe_table(self, **asked: Any) -> Any:
        told = self._describe(**asked)
        told["Table"]["CreationDateTime"] = datetime(2026, 1, 1, tzinfo=UTC)
        return told
