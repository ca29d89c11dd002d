"""Checkpoints: how far listings and other long work have come. TTL removes old ones."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.models.answers import Json
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.table import DynamoTable

CHECKPOINT = "checkpoint"


class Checkpoints(Protocol):
    """What every store of checkpoints does."""

    def keep(self, name: str, position: Mapping[str, Json], lasts: timedelta) -> None:
        """Keep how far a long piece of work has come; it is forgotten if it is not kept again for that long."""

    def get(self, name: str) -> Mapping[str, Json] | None:
        """Return what was last kept, consistently; None if there is nothing, or it is forgotten."""

    def drop(self, name: str) -> None:
        """Forget a checkpoint, if it is there."""


class DynamoCheckpoints(Checkpoints):
    """The checkpoints of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def keep(self, name: str, position: Mapping[str, Json], lasts: timedelta) -> None:
        # JSON text keeps a key to its last character.
        until = int((self._clock() + lasts).timestamp())
        change = Change().set("position", json.dumps(dict(position))).set("expires_at", until)
        self._table.change({"kind": CHECKPOINT, "id": name}, change)

    @override
    def get(self, name: str) -> Mapping[str, Json] | None:
        # TTL deletes late, so the time is compared as well.
        item = self._table.get({"kind": CHECKPOINT, "id": name})
        if item is None or "position" not in item or item["expires_at"] <= self._clock().timestamp():
            return None
        position: Mapping[str, Json] = json.loads(item["position"])
        return position

    @override
    def drop(self, name: str) -> None:
        # TTL removes the empty item.
        change = Change().remove("position").set("expires_at", int(self._clock().timestamp()))
        self._table.change({"kind": CHECKPOINT, "id": name}, change)
