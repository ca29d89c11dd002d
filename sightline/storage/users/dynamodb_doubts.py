"""Doubts as items of the table of users."""

from collections.abc import Callable
from datetime import datetime

from typing_extensions import override

from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.users.doubts import DOUBTS_LAST, Doubt, DoubtStore


class DynamoDoubts(DoubtStore):
    """A partition for each label."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table, self._clock = table, clock

    @override
    def keep(self, doubt: Doubt) -> None:
        self._table.put(
            {
                "kind": _doubts(doubt.label),
                "id": sort_key(f"{doubt.user}\n{doubt.image_id}"),  # a name has no line break
                "image_id": doubt.image_id,
                "content": doubt.content,
                "user": doubt.user,
                "at": instant(doubt.at),
                "expires_at": int((doubt.at + DOUBTS_LAST).timestamp()),
            }
        )

    @override
    def of(self, label: str) -> list[Doubt]:
        now = self._clock().timestamp()  # TTL deletes late
        items = (item for item in self._table.query(equals("kind", _doubts(label))) if item["expires_at"] > now)
        return sorted((_doubt(label, item) for item in items), key=lambda each: (each.user, each.image_id))


def _doubts(label: str) -> str:
    return f"doubts#{label}"


def _doubt(label: str, item: Item) -> Doubt:
    return Doubt(item["image_id"], label, item["content"], item["user"], datetime.fromisoformat(item["at"]))
