"""Runs: how each beat task's last run ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.models.answers import Json
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    any_of,
    at_most,
    equals,
    missing,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a beat task's last run ended."""

    name: str
    started_at: datetime
    took: timedelta
    outcome: Mapping[str, Json]


RUN = "run"


class Runs(Protocol):
    """What every store of runs does."""

    def note(self, run: LastRun) -> None:
        """Keep how a beat task's run ended."""

    def last(self) -> dict[str, LastRun]:
        """Return the last run of each beat task that ever ran."""


class DynamoRuns(Runs):
    """The runs of the table of operations."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    @override
    def note(self, run: LastRun) -> None:
        # A run that ended late must not replace a later one.
        started = instant(run.started_at)
        change = Change().set_all(
            started_at=started,
            took_microseconds=run.took // timedelta(microseconds=1),
            outcome=json.dumps(dict(run.outcome)),
        )
        only_if = any_of(missing("started_at"), at_most("started_at", started))
        self._table.change({"kind": RUN, "id": run.name}, change, only_if)

    @override
    def last(self) -> dict[str, LastRun]:
        return {item["id"]: _run(item) for item in self._table.query(equals("kind", RUN))}


def _run(item: Item) -> LastRun:
    return LastRun(
        name=item["id"],
        started_at=datetime.fromisoformat(item["started_at"]),
        took=timedelta(microseconds=item["took_microseconds"]),
        outcome=json.loads(item["outcome"]),
    )
