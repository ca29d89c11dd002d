"""Beginnings of steps in DynamoDB: an item for each step that is watched, an attribute for each of its beginnings."""

from collections.abc import Callable
from datetime import datetime

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import exists
from sightline.storage.dynamodb.items import instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.dead_letters import sort_key
from sightline.storage.operations.protocol import BEGINNINGS_LAST

BEGUN = "begun"
_PREFIX = "at "


class DynamoBeginnings:
    """The beginnings of the table of operations. TTL deletes late, so the time is compared as well."""

    _table: DynamoTable
    _clock: Callable[[], datetime]

    def begin_step(self, step_id: str, attempt_id: str) -> None:
        """Note that a step begins."""
        now = self._clock()
        change = Change().set(f"{_PREFIX}{attempt_id}", instant(now))
        self._table.update(_key(step_id), change.set("expires_at", int((now + BEGINNINGS_LAST).timestamp())))

    def beginnings(self, step_id: str) -> dict[str, datetime]:
        """Give the beginnings that were noted since the step last ended."""
        item = self._table.get(_key(step_id)) or {}
        noted = {
            name.removeprefix(_PREFIX): datetime.fromisoformat(at)
            for name, at in item.items()
            if name.startswith(_PREFIX)
        }
        return {attempt: at for attempt, at in noted.items() if at + BEGINNINGS_LAST > self._clock()}

    def end_step(self, step_id: str) -> None:
        """Forget the beginnings."""
        self._table.delete(_key(step_id), exists("kind"))


def _key(step_id: str) -> dict[str, str]:
    return {"kind": BEGUN, "id": sort_key(step_id)}
