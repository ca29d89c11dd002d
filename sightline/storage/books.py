"""The books: calls that were or may have been billed, by UTC day and what they were for, as the ledger's changes tell.

Lines are added together with how far the changes were read, so each change is booked once, however often it is read.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from sightline.models.spending import Line, Reason, Spent
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, between, equals, missing
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.dynamodb.transactions import Changed, put_together

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

SUMS, CAMERAS, READ, BEGAN = "books", "books_camera", "books_read", "books_began"
"""Kinds of items: sums of a day; of a day and camera; how far a shard was read; since when the books are whole."""

MOST_LINES = 80
"""In one call of `book`: each camera and day is one of the 100 items that a transaction may have."""

POSITIONS_LAST = timedelta(days=3)
"""DynamoDB keeps changes for one day."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the changes of one shard were read. after: the last one's number; None: nothing yet."""

    shard: str
    after: str | None = None
    is_ended: bool = False


class Books(Protocol):
    """What every store of the books does."""

    def book(self, spent: Spent, before: Position, now: Position) -> bool:
        """Add these lines, at most MOST_LINES, if the shard was read up to `before`; it is read up to `now` then.

        Return whether that is done. False: another process has booked them.
        """

    def add(self, spent: Spent) -> None:
        """Add lines of calls that the ledger does not have; sent twice, they are counted twice."""

    def positions(self) -> dict[str, Position]:
        """Return how far each shard was read."""

    def read(self, first_day: str, last_day: str) -> dict[Line, int]:
        """Return the lines of these UTC days, both included, summed over cameras."""

    def read_cameras(self, first_day: str, last_day: str) -> dict[Line, int]:
        """Return the lines of these UTC days, both included, by camera."""

    def begin(self, day: date | None) -> None:
        """Keep that the books lack calls of this day and before; None: that they lack none. The first word stands."""

    def lacking(self) -> tuple[bool, date | None]:
        """Return whether `begin` was called, and the last day of which calls are lacking."""


class DynamoBooks(Books):
    """The books of the table of operations."""

    def __init__(self, client: "DynamoDBClient", table: DynamoTable, name: str, clock: Callable[[], datetime]) -> None:
        self._client, self._table, self._name, self._clock = client, table, name, clock

    @override
    def book(self, spent: Spent, before: Position, now: Position) -> bool:
        was = missing("after") if before.after is None else equals("after", before.after)
        until = int((self._clock() + POSITIONS_LAST).timestamp())
        read = Change().set_all(after=now.after, is_ended=now.is_ended, expires_at=until)
        position = Changed(self._name, {"kind": READ, "id": now.shard}, read, was)
        return put_together(self._client, [position, *_changes(self._name, spent)])

    @override
    def add(self, spent: Spent) -> None:
        for each in _changes(self._name, spent):
            self._table.change(each.key, each.change)

    @override
    def positions(self) -> dict[str, Position]:
        items = self._table.query(equals("kind", READ))
        return {each["id"]: Position(each["id"], each.get("after"), each.get("is_ended", False)) for each in items}

    @override
    def read(self, first_day: str, last_day: str) -> dict[Line, int]:
        return self._read(SUMS, between("id", first_day, last_day))

    @override
    def read_cameras(self, first_day: str, last_day: str) -> dict[Line, int]:
        return self._read(CAMERAS, between("id", first_day, f"{last_day}$"))

    def _read(self, kind: str, ids: Condition) -> dict[Line, int]:
        return {line: n for item in self._table.query(all_of(equals("kind", kind), ids)) for line, n in _lines(item)}

    @override
    def begin(self, day: date | None) -> None:
        change = Change().set("day", day.isoformat() if day else "")
        self._table.change({"kind": BEGAN, "id": BEGAN}, change, missing("day"))

    @override
    def lacking(self) -> tuple[bool, date | None]:
        item = self._table.get({"kind": BEGAN, "id": BEGAN})
        return item is not None, date.fromisoformat(item["day"]) if item and item["day"] else None


def _changes(table: str, spent: Spent) -> list[Changed]:
    changes: defaultdict[tuple[str, str, str], Change] = defaultdict(Change)
    totals: dict[Line, int] = {}
    for line, number in spent.items():
        totals[line.of_all_cameras] = totals.get(line.of_all_cameras, 0) + number
        if line.camera:
            key = CAMERAS, f"{line.day}#{sort_key(line.camera)}"[:1024], line.camera
            changes[key].add(_attribute(line), number)
    for line, number in totals.items():
        changes[SUMS, line.day, ""].add(_attribute(line), number)
    for (_, _, camera), change in changes.items():
        if camera:
            change.set("camera", camera)
    return [Changed(table, {"kind": kind, "id": name}, change) for (kind, name, _), change in changes.items()]


def _attribute(line: Line) -> str:
    return "|".join([line.feature, "+".join(line.billed), line.lane, line.reason])


def _lines(item: Item) -> Iterator[tuple[Line, int]]:
    day, camera = item["id"][:10], item.get("camera", "")
    for name, number in item.items():
        feature, *rest = name.split("|")
        if rest and number:
            billed, lane, reason = rest
            yield Line(day, feature, tuple(billed.split("+")), lane, Reason(reason), camera), number
