"""Dirty marks in DynamoDB, and the list of every day that was ever marked."""

from collections.abc import Iterable, Iterator
from uuid import uuid4

from sightline.models.images import CameraDay
from sightline.storage.dynamodb.conditions import all_of, between, equals
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.days import DirtyDay, Purpose
from sightline.storage.operations.dead_letters import sort_key

DIRTY, KNOWN = "dirty_day", "camera_day"


class DynamoDays:
    """The marks of the table of operations. The last marking is always right: no condition is needed."""

    _table: DynamoTable

    def mark_days(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        """Mark days for each purpose, and list them as known."""
        distinct, mark = set(days), uuid4().hex
        known = ({**_key(KNOWN, str(day)), **_results(day)} for day in distinct)
        self._table.put_many(known)
        for purpose in purposes:
            self._table.put_many(dirty_item(day, purpose, mark) for day in distinct)

    def dirty_days(self, purpose: Purpose) -> Iterator[DirtyDay]:
        """Give the marks of one purpose, by camera and day."""
        of_purpose = between("id", f"{purpose}#", f"{purpose}$")
        for item in self._table.query(all_of(equals("kind", DIRTY), of_purpose)):
            yield DirtyDay(purpose, CameraDay(item["camera"], item["day"]), item["mark"])

    def clean_day(self, dirty: DirtyDay) -> bool:
        """Remove a mark, unless the day was marked again; say whether it is gone."""
        key = _key(DIRTY, f"{dirty.purpose}#{dirty.camera_day}")
        return self._table.delete(key, equals("mark", dirty.mark))

    def known_days(self) -> Iterator[CameraDay]:
        """Give every day that was ever marked."""
        for item in self._table.query(equals("kind", KNOWN)):
            yield CameraDay(item["camera"], item["day"])


def dirty_item(day: CameraDay, purpose: Purpose, mark: str) -> Item:
    """Give the item of a mark: whoever must mark in a transaction of his own writes this one."""
    return {**_key(DIRTY, f"{purpose}#{day}"), **_results(day), "mark": mark}


def _key(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "id": sort_key(name)}


def _results(day: CameraDay) -> dict[str, str]:
    return {"camera": day.camera, "day": day.day}
