"""Dirty marks: which camera's capture days must be looked at again, and by whom.

A process that changes what a day shows marks it, before the change could seem to be dealt with. Each consumer
works its own marks off, and removes one only if it is still the one that it read: a day that was marked again
meanwhile is looked at again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import uuid4

from typing_extensions import override

from sightline.models.images import CameraDay
from sightline.storage.dynamodb.conditions import (
    all_of,
    between,
    equals,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable


class Purpose(StrEnum):
    """Who looks at dirty days."""

    PARITY = "parity"
    ROLLUPS = "rollups"


@dataclass(frozen=True, slots=True)
class DirtyDay:
    """A mark. `mark` is new with each marking, so that a consumer can tell whether it came again."""

    purpose: Purpose
    camera_day: CameraDay
    mark: str


DIRTY, KNOWN, REOPENED = "dirty_day", "camera_day", "reopened_day"


class DirtyDayStore(Protocol):
    """What every store of dirty days does."""

    def mark(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        """Mark days dirty for each purpose, and list them as known. A process marks before it moves on."""

    def dirty(self, purpose: Purpose) -> Iterator[DirtyDay]:
        """Return the marks of one purpose, by camera and day."""

    def clean(self, dirty: DirtyDay) -> bool:
        """Remove a mark, unless the day was marked again since it was read; return whether it is gone."""

    def known(self) -> Iterator[CameraDay]:
        """Return every day that was ever marked."""

    def reopen(self, days: Iterable[CameraDay], at: datetime) -> None:
        """Let the figures of days be made again, however old they are."""

    def reopened_at(self, day: CameraDay) -> datetime | None:
        """Return when a day was last reopened."""


class DynamoDirtyDays(DirtyDayStore):
    """The dirty days of the table of operations."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    @override
    def mark(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        distinct, mark = set(days), uuid4().hex
        known = ({**_key(KNOWN, str(day)), **_camera_and_day(day)} for day in distinct)
        self._table.put_many(known)
        for purpose in purposes:
            self._table.put_many(dirty_item(day, purpose, mark) for day in distinct)

    @override
    def dirty(self, purpose: Purpose) -> Iterator[DirtyDay]:
        of_purpose = between("id", f"{purpose}#", f"{purpose}$")
        for item in self._table.query(all_of(equals("kind", DIRTY), of_purpose)):
            yield DirtyDay(purpose, CameraDay(item["camera"], item["day"]), item["mark"])

    @override
    def clean(self, dirty: DirtyDay) -> bool:
        key = _key(DIRTY, f"{dirty.purpose}#{dirty.camera_day}")
        return self._table.delete(key, equals("mark", dirty.mark))

    @override
    def known(self) -> Iterator[CameraDay]:
        for item in self._table.query(equals("kind", KNOWN)):
            yield CameraDay(item["camera"], item["day"])

    def reopen(self, days: Iterable[CameraDay], at: datetime) -> None:
        """Let the figures of days be made again."""
        self._table.put_many(
            {**_key(REOPENED, str(day)), **_camera_and_day(day), "at": instant(at)} for day in set(days)
        )

    def reopened_at(self, day: CameraDay) -> datetime | None:
        """Return when a day was last reopened."""
        item = self._table.get(_key(REOPENED, str(day)))
        return datetime.fromisoformat(item["at"]) if item else None


def dirty_item(day: CameraDay, purpose: Purpose, mark: str) -> Item:
    """Return the item of a mark, for a caller that must mark in its own transaction."""
    return {**_key(DIRTY, f"{purpose}#{day}"), **_camera_and_day(day), "mark": mark}


def _key(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "id": sort_key(name)}


def _camera_and_day(day: CameraDay) -> dict[str, str]:
    return {"camera": day.camera, "day": day.day}
