"""The store of operations in DynamoDB: one table, `kind` and `id`; TTL on leases, checkpoints and closed letters."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, any_of, at_most, between, equals, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.dynamodb_beginnings import DynamoBeginnings
from sightline.storage.operations.dynamodb_checkpoints import DynamoCheckpoints
from sightline.storage.operations.dynamodb_days import DynamoDays
from sightline.storage.operations.dynamodb_dead_letters import DynamoDeadLetters
from sightline.storage.operations.dynamodb_leases import DynamoLeases
from sightline.storage.operations.dynamodb_stops import DynamoStops
from sightline.storage.operations.protocol import LastRun

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

CALLS, RUN = "calls", "run"


class DynamoOperationStore(
    DynamoDeadLetters, DynamoLeases, DynamoCheckpoints, DynamoDays, DynamoBeginnings, DynamoStops
):
    """The table `<prefix>operations`."""

    def __init__(self, client: "DynamoDBClient", prefix: str, clock: Callable[[], datetime]) -> None:
        self._table = DynamoTable(client, Schema(f"{prefix}operations", Key("kind", "id"), ttl="expires_at"))
        self._clock = clock

    def setup(self) -> None:
        """Create the table and its TTL where they are missing; safe to repeat."""
        self._table.ensure()

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable where the store can not be used."""
        self._table.check()

    def count_calls(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to a UTC day's counters, in one update. Sent twice by the network, it counts twice."""
        change = Change()
        for (feature, outcome), number in counts.items():
            change.add(f"{feature}#{outcome}", number)
        if counts:
            self._table.update({"kind": CALLS, "id": day}, change)

    def calls(self, first_day: str, last_day: str) -> dict[tuple[str, str], int]:
        """Give the counters summed over UTC days, both included."""
        if first_day > last_day:
            return {}
        total: dict[tuple[str, str], int] = {}
        for item in self._table.query(all_of(equals("kind", CALLS), between("id", first_day, last_day))):
            for counter, number in item.items():
                feature, separator, outcome = counter.partition("#")
                if separator:
                    total[feature, outcome] = total.get((feature, outcome), 0) + number
        return total

    def note_run(self, run: LastRun) -> None:
        """Keep how a run ended, unless a later one is noted already."""
        started = instant(run.started_at)
        change = Change().set_all(
            started_at=started,
            took_microseconds=run.took // timedelta(microseconds=1),
            outcome=json.dumps(dict(run.outcome)),
        )
        only_if = any_of(missing("started_at"), at_most("started_at", started))
        self._table.update({"kind": RUN, "id": run.name}, change, only_if)

    def last_runs(self) -> dict[str, LastRun]:
        """Give the last run of each beat task that ever ran."""
        return {item["id"]: _run(item) for item in self._table.query(equals("kind", RUN))}


def _run(item: Item) -> LastRun:
    return LastRun(
        name=item["id"],
        started_at=datetime.fromisoformat(item["started_at"]),
        took=timedelta(microseconds=item["took_microseconds"]),
        outcome=json.loads(item["outcome"]),
    )
