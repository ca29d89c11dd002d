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
    Condition,
    all_of,
    between,
    equals,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.sort_keys import is_hashed, sort_key
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


FIRST_DAY, LAST_DAY = "0000-00-00", "9999-99-99"
"""All days lie between them."""

DIRTY, KNOWN, REOPENED = "dirty_day", "camera_day", "reopened_day"


class DirtyDayStore(Protocol):
    """What every store of dirty days does."""

    def mark(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        """Mark days dirty for each purpose, and list them as known. A process marks before it moves on."""

    def dirty(self, purpose: Purpose, first_day: str = FIRST_DAY, last_day: str = LAST_DAY) -> Iterator[DirtyDay]:
        """Return the marks of one purpose, by camera and day: all, or those of a span.

        The store reads every mark of the purpose, but returns only the span.
        """

    def clean(self, dirty: DirtyDay) -> bool:
        """Remove a mark, unless the day was marked again since it was read; return whether it is gone."""

    def known(
        self, camera: str | None = None, first_day: str = FIRST_DAY, last_day: str = LAST_DAY
    ) -> Iterator[CameraDay]:
        """Return the days that were ever marked, by camera and day: all, or a camera's, or those of a span.

        Of one camera only the span is read. Of all cameras the store reads every key, but returns only the span.
        """

    def newest(self, camera: str) -> str | None:
        """Return a camera's newest day, in one request; None if it has none."""

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
    def dirty(self, purpose: Purpose, first_day: str = FIRST_DAY, last_day: str = LAST_DAY) -> Iterator[DirtyDay]:
        if first_day > last_day:
            return
        of_purpose = all_of(equals("kind", DIRTY), between("id", f"{purpose}#", f"{purpose}$"))
        for item in self._table.query(of_purpose, only_if=between("day", first_day, last_day)):
            yield DirtyDay(purpose, CameraDay(item["camera"], item["day"]), item["mark"])

    @override
    def clean(self, dirty: DirtyDay) -> bool:
        key = _key(DIRTY, f"{dirty.purpose}#{dirty.camera_day}")
        return self._table.delete(key, equals("mark", dirty.mark))

    @override
    def known(
        self, camera: str | None = None, first_day: str = FIRST_DAY, last_day: str = LAST_DAY
    ) -> Iterator[CameraDay]:
        if first_day > last_day:
            return
        is_asked = between("day", first_day, last_day)
        if camera is None:
            where = equals("kind", KNOWN)
        else:
            where = _of_camera(camera, first_day, last_day)
            is_asked = all_of(is_asked, equals("camera", camera))
        for item in self._table.query(where, only_if=is_asked):
            yield CameraDay(item["camera"], item["day"])

    @override
    def newest(self, camera: str) -> str | None:
        where, is_asked = _of_camera(camera, FIRST_DAY, LAST_DAY), equals("camera", camera)
        items = self._table.query(where, only_if=is_asked, newest_first=True)
        days: Iterator[str] = (item["day"] for item in items)
        return max(days, default=None) if is_hashed(_key_of(camera)) else next(days, None)

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


def _of_camera(camera: str, first_day: str, last_day: str) -> Condition:
    """Return the key condition of a camera's days. A name too long for a key is hashed, and its days are in no order.

    Another camera whose name goes on with # may lie between, so what is read is compared as well.
    """
    if is_hashed(_key_of(camera)):
        return equals("kind", KNOWN)
    return all_of(equals("kind", KNOWN), between("id", f"{camera}#{first_day}", f"{camera}#{last_day}"))


def _key_of(camera: str) -> str:
    return str(CameraDay(camera, FIRST_DAY))


def _key(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "id": sort_key(name)}


def _camera_and_day(day: CameraDay) -> dict[str, str]:
    return {"camera": day.camera, "day": day.day}
