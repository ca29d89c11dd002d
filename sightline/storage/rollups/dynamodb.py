"""The store of rollups in DynamoDB: a camera and label is a partition, its windows lie in order of their end day."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from typing_extensions import override

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, between, equals, exists
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.rollups.protocol import Rollup, RollupKey, RollupStore

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = 1


class DynamoRollupStore(RollupStore):
    """The table `<prefix>rollups`. Figures are kept as text: a share needs more places than a confidence has here."""

    def __init__(self, client: "DynamoDBClient", prefix: str) -> None:
        self._table = DynamoTable(client, Schema(f"{prefix}rollups", Key("camera_label", "window")))

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def get(self, key: RollupKey) -> Rollup | None:
        item = self._table.get(_key(key))
        return _decode(item) if item else None

    @override
    def write(self, rollup: Rollup) -> bool:
        # The network may send it twice, so this very revision may stand already.
        before = rollup.revision - 1
        change = Change().set_all(**_fields(rollup))
        outcome = self._table.update(_key(rollup.key), change, equals("revision", before or None))
        return outcome.is_written or (outcome.item is not None and _decode(outcome.item) == rollup)

    @override
    def between(self, camera: str, label: str, window_days: int, first_day: str, last_day: str) -> Iterator[Rollup]:
        yield from map(_decode, self._items(camera, label, window_days, first_day, last_day))

    def _items(self, camera: str, label: str, window_days: int, first_day: str, last_day: str) -> Iterator[Item]:
        if first_day > last_day:
            return
        days = between("window", f"{window_days}#{first_day}#", f"{window_days}#{last_day}$")
        yield from self._table.query(all_of(equals("camera_label", f"{camera}#{label}"), days))

    @override
    def note_late(self, key: RollupKey, images: int, verdicts: int) -> None:
        change = Change().set_all(late_images=images, late_verdicts=verdicts)
        self._table.update(_key(key), change, exists("revision"))

    @override
    def late(self, camera: str, label: str, first_day: str, last_day: str) -> tuple[int, int]:
        items = list(self._items(camera, label, DAY, first_day, last_day))
        return sum(item.get("late_images", 0) for item in items), sum(item.get("late_verdicts", 0) for item in items)


def _key(key: RollupKey) -> dict[str, str]:
    window = f"{key.window_days}#{key.end_day}#{key.model}#{key.method}"
    return {"camera_label": f"{key.camera}#{key.label}", "window": window}


def _fields(rollup: Rollup) -> Item:
    key = rollup.key
    return {
        "camera": key.camera,
        "label": key.label,
        "window_days": key.window_days,
        "end_day": key.end_day,
        "model": key.model,
        "method": key.method,
        "revision": rollup.revision,
        "reason": rollup.reason,
        "verdicts_hash": rollup.verdicts_hash,
        "population_hash": rollup.population_hash,
        "opened_at": instant(rollup.opened_at),
        "at": instant(rollup.at),
        "figures": json.dumps(rollup.figures),
    }


def _decode(item: Item) -> Rollup:
    names = ("camera", "label", "window_days", "end_day", "model", "method")
    return Rollup(
        key=RollupKey(*(item[name] for name in names)),
        revision=item["revision"],
        reason=item["reason"],
        verdicts_hash=item["verdicts_hash"],
        population_hash=item["population_hash"],
        opened_at=datetime.fromisoformat(item["opened_at"]),
        at=datetime.fromisoformat(item["at"]),
        figures=json.loads(item["figures"]),
    )
