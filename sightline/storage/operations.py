"""The small stores that share the table of operations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sightline.storage.attempts import Attempts, DynamoAttempts
from sightline.storage.books import Books, DynamoBooks
from sightline.storage.bucket_refusals import BucketRefusals, DynamoBucketRefusals
from sightline.storage.budget_accounts import BudgetAccounts, DynamoBudgetAccounts
from sightline.storage.bursts import BurstRegister, DynamoBurstRegister
from sightline.storage.capture_counts import CaptureCounts, DynamoCaptureCounts
from sightline.storage.checkpoints import Checkpoints, DynamoCheckpoints
from sightline.storage.comparisons import Comparisons, DynamoComparisons
from sightline.storage.dead_letters import DeadLetters, DynamoDeadLetters
from sightline.storage.dirty_days import DirtyDayStore, DynamoDirtyDays
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.leases import DynamoLeases, Leases
from sightline.storage.pauses import DynamoPauses, Pauses
from sightline.storage.people import DynamoPeople, People
from sightline.storage.rate_overrides import DynamoRateOverrides, RateOverrides
from sightline.storage.runs import DynamoRuns, Runs
from sightline.storage.usage import DynamoUsage, Usage

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Operations:
    """The small stores; `table` is what they share, None in memory."""

    dead_letters: DeadLetters
    leases: Leases
    checkpoints: Checkpoints
    dirty_days: DirtyDayStore
    attempts: Attempts
    pauses: Pauses
    usage: Usage
    runs: Runs
    rate_overrides: RateOverrides
    capture_counts: CaptureCounts
    bucket_refusals: BucketRefusals
    books: Books
    comparisons: Comparisons
    budget_accounts: BudgetAccounts
    bursts: BurstRegister
    people: People
    table: DynamoTable | None = None

    def setup(self) -> None:
        """Create the table and its TTL if they are missing; safe to repeat."""
        if self.table is not None:
            self.table.ensure()

    def time(self) -> datetime | None:
        """Return the time of DynamoDB's clock; None in memory, or if it does not tell."""
        return self.table.time() if self.table is not None else None

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the table cannot be used."""
        if self.table is not None:
            self.table.check()


def dynamo_operations(client: "DynamoDBClient", prefix: str, clock: Callable[[], datetime]) -> Operations:
    """Return the stores over the table `<prefix>operations`."""
    name = f"{prefix}operations"
    table = DynamoTable(client, Schema(name, Key("kind", "id"), ttl="expires_at"))
    return Operations(
        dead_letters=DynamoDeadLetters(table, clock),
        leases=DynamoLeases(table, clock),
        checkpoints=DynamoCheckpoints(table, clock),
        dirty_days=DynamoDirtyDays(table),
        attempts=DynamoAttempts(table, clock),
        pauses=DynamoPauses(table, clock),
        usage=DynamoUsage(table),
        runs=DynamoRuns(table),
        rate_overrides=DynamoRateOverrides(table),
        capture_counts=DynamoCaptureCounts(table),
        bucket_refusals=DynamoBucketRefusals(table, clock),
        books=DynamoBooks(client, table, name, clock),
        comparisons=DynamoComparisons(table, clock),
        budget_accounts=DynamoBudgetAccounts(table),
        bursts=DynamoBurstRegister(table, clock),
        people=DynamoPeople(client, table, name, clock),
        table=table,
    )
