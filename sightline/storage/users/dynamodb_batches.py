"""Batches of the review as items of the table of users."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from typing_extensions import override

from sightline.models.answers import Json
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, any_of, at_most, begins_with, equals, exists, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Schema
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.dynamodb.transactions import Delete, Put, do_those_allowed
from sightline.storage.users.batches import BATCHES_LAST, Batch, BatchStore, ChosenFrom, Given, Picture

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

ANSWER, PUT_OFF, LOST, DOUBTED = "answer#", "put_off#", "lost#", "doubted#"
"""Beginnings of attributes, one for each picture: two tabs write two attributes, and neither loses the other's."""


class DynamoBatches(BatchStore):
    """Items beside a user's sessions, and a partition of what is held for each label."""

    def __init__(self, client: "DynamoDBClient", schema: Schema, clock: Callable[[], datetime]) -> None:
        self._client, self._name, self._clock = client, schema.name, clock
        self._table = DynamoTable(client, schema)

    @override
    def hold(self, label: str, image_ids: Iterable[str], batch_id: str, lasts: timedelta) -> set[str]:
        now = self._clock()
        free = any_of(missing("kind"), equals("batch_id", batch_id), at_most("expires_at", int(now.timestamp())))
        hold = {"batch_id": batch_id, "expires_at": int((now + lasts).timestamp())}
        puts = (
            Put(self._name, {**_hold_key(label, image_id), **hold, "image_id": image_id}, free)
            for image_id in dict.fromkeys(image_ids)
        )
        return {put.item["image_id"] for put in do_those_allowed(self._client, puts)}

    @override
    def held(self, label: str) -> set[str]:
        items = self._table.query(equals("kind", _holds(label)))
        return {item["image_id"] for item in items if not self._has_ended(item)}

    @override
    def release(self, label: str, image_ids: Iterable[str], batch_id: str) -> None:
        is_own = equals("batch_id", batch_id)
        do_those_allowed(
            self._client, (Delete(self._name, _hold_key(label, each), is_own) for each in dict.fromkeys(image_ids))
        )

    @override
    def begin(self, batch: Batch) -> Batch:
        self._table.put(_item(batch))
        place = {"kind": _of(batch.user), "id": _open_id(batch.label)}
        ends = int((batch.made_at + BATCHES_LAST).timestamp())
        while True:
            taken = self._table.put(place | {"batch_id": batch.batch_id, "expires_at": ends}, missing("kind"))
            if taken.is_written or taken.item is None:
                return batch
            standing = self.get(batch.user, taken.item["batch_id"])
            if standing is not None and standing.closed_at is None:
                self._table.delete(_key(batch), exists("kind"))
                return standing
            # It was closed by a process that ended before it could say so here.
            self._table.delete(place, equals("batch_id", taken.item["batch_id"]))

    @override
    def open_of(self, user: str) -> list[Batch]:
        items = self._table.query(all_of(equals("kind", _of(user)), begins_with("id", _open_id(""))))
        found = [self.get(user, item["batch_id"]) for item in items]
        return [batch for batch in found if batch is not None and batch.closed_at is None]

    @override
    def get(self, user: str, batch_id: str) -> Batch | None:
        item = self._table.get({"kind": _of(user), "id": _batch_id(batch_id)})
        return None if item is None or self._has_ended(item) else _batch(user, item)

    @override
    def newest(self, user: str, limit: int) -> list[Batch]:
        where = all_of(equals("kind", _of(user)), begins_with("id", _batch_id("")))
        items = (each for each in self._table.query(where, newest_first=True, page=limit) if not self._has_ended(each))
        return [_batch(user, item) for item in islice(items, limit)]

    @override
    def answer(self, batch: Batch, number: int, given: Given) -> None:
        self._set(batch, f"{ANSWER}{number}", [str(given.answer), instant(given.at)])

    @override
    def put_off(self, batch: Batch, number: int) -> None:
        self._set(batch, f"{PUT_OFF}{number}", value=True)

    @override
    def lose(self, batch: Batch, number: int) -> None:
        self._set(batch, f"{LOST}{number}", value=True)

    @override
    def doubt(self, batch: Batch, number: int) -> None:
        self._set(batch, f"{DOUBTED}{number}", value=True)

    @override
    def close(self, batch: Batch, at: datetime) -> None:
        self._table.change(_key(batch), Change().set_if_missing("closed_at", instant(at)), exists("kind"))
        place = {"kind": _of(batch.user), "id": _open_id(batch.label)}
        self._table.delete(place, equals("batch_id", batch.batch_id))

    def _set(self, batch: Batch, name: str, value: Json) -> None:
        self._table.change(_key(batch), Change().set(name, value), exists("kind"))

    def _has_ended(self, item: Item) -> bool:
        """Compare the time: TTL deletes late."""
        return bool(item["expires_at"] <= self._clock().timestamp())


def _of(user: str) -> str:
    return f"of#{user}"


def _batch_id(batch_id: str) -> str:
    return sort_key(f"batch#{batch_id}")


def _open_id(label: str) -> str:
    return f"open_batch#{label}"


def _holds(label: str) -> str:
    return f"held#{label}"


def _hold_key(label: str, image_id: str) -> dict[str, str]:
    return {"kind": _holds(label), "id": sort_key(image_id)}


def _key(batch: Batch) -> dict[str, str]:
    return {"kind": _of(batch.user), "id": _batch_id(batch.batch_id)}


def _item(batch: Batch) -> dict[str, Json]:
    pictures = [
        [p.image_id, p.content, p.camera, p.taken_at.isoformat(), p.stratum, p.confidence_percent, p.was_viewed]
        for p in batch.pictures
    ]
    return {
        **_key(batch),
        "batch_id": batch.batch_id,
        "label": batch.label,
        "threshold_percent": batch.threshold_percent,
        "pictures": json.dumps(pictures),
        "made_at": instant(batch.made_at),
        "expires_at": int((batch.made_at + BATCHES_LAST).timestamp()),
        **_written(batch.chosen_from),
    }


def _written(chosen: ChosenFrom | None) -> dict[str, Json]:
    """Write nothing for None, as an older version does; it reads a batch without looking at this."""
    return {"chosen_from": asdict(chosen)} if chosen else {}


def _chosen_from(item: Item) -> ChosenFrom | None:
    kept = item.get("chosen_from")
    return ChosenFrom(kept["camera"], kept["day"], int(kept["window_days"]), kept["is_second"]) if kept else None


def _batch(user: str, item: Item) -> Batch:
    closed_at = item.get("closed_at")
    return Batch(
        item["batch_id"],
        user,
        item["label"],
        item["threshold_percent"],
        tuple(
            Picture(image_id, content, camera, datetime.fromisoformat(at), Stratum.read(stratum), percent, was_viewed)
            for image_id, content, camera, at, stratum, percent, was_viewed in json.loads(item["pictures"])
        ),
        datetime.fromisoformat(item["made_at"]),
        {
            number: Given(Answer.read(answer), datetime.fromisoformat(at))
            for number, (answer, at) in _numbered(item, ANSWER).items()
        },
        frozenset(_numbered(item, PUT_OFF)),
        frozenset(_numbered(item, LOST)),
        datetime.fromisoformat(closed_at) if closed_at else None,
        frozenset(_numbered(item, DOUBTED)),
        _chosen_from(item),
    )


def _numbered(item: Item, beginning: str) -> dict[int, Json]:
    return {int(name.removeprefix(beginning)): item[name] for name in item if name.startswith(beginning)}
