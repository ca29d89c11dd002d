"""Attempts at steps: an item for each step that is watched, an attribute for each time it began."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    exists,
)
from sightline.storage.dynamodb.items import instant
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable

BEGINNINGS_LAST = timedelta(days=1)
"""How long the beginning of a step is remembered that never ended."""

BEGUN = "begun"

_PREFIX = "at "


class Attempts(Protocol):
    """What every store of attempts does."""

    def begin(self, step_id: str, attempt_id: str) -> None:
        """Note that a step begins. Any text names it."""

    def begun(self, step_id: str) -> dict[str, datetime]:
        """Return the beginnings noted since the step last ended: attempt id → when. None is older than a day."""

    def end(self, step_id: str) -> None:
        """Forget the beginnings of a step: it has ended."""


class DynamoAttempts(Attempts):
    """The attempts of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def begin(self, step_id: str, attempt_id: str) -> None:
        now = self._clock()
        change = Change().set(f"{_PREFIX}{attempt_id}", instant(now))
        self._table.change(_key(step_id), change.set("expires_at", int((now + BEGINNINGS_LAST).timestamp())))

    @override
    def begun(self, step_id: str) -> dict[str, datetime]:
        item = self._table.get(_key(step_id)) or {}
        noted = {
            name.removeprefix(_PREFIX): datetime.fromisoformat(at)
            for name, at in item.items()
            if name.startswith(_PREFIX)
        }
        return {attempt: at for attempt, at in noted.items() if at + BEGINNINGS_LAST > self._clock()}

    @override
    def end(self, step_id: str) -> None:
        self._table.delete(_key(step_id), exists("kind"))


def _key(step_id: str) -> dict[str, str]:
    return {"kind": BEGUN, "id": sort_key(step_id)}
