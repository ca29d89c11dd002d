"""Usage: counts of calls by UTC day, feature and outcome."""

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from typing_extensions import override

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    all_of,
    between,
    equals,
)
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.table import DynamoTable

CALLS = "calls"


class Usage(Protocol):
    """What every store of usage does."""

    def count(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to a UTC day's counters: (feature, `answered`/`throttled`/…/`cost_micro_usd`) → number."""

    def calls_by_day(self, first_day: str, last_day: str) -> dict[str, dict[tuple[str, str], int]]:
        """Return the counters of each UTC day that has any, both ends included."""

    def calls(self, first_day: str, last_day: str) -> dict[tuple[str, str], int]:
        """Return the counters summed over UTC days, both included."""
        total: Counter[tuple[str, str]] = Counter()
        for counts in self.calls_by_day(first_day, last_day).values():
            total.update(counts)
        return dict(total)


class DynamoUsage(Usage):
    """The usage of the table of operations."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    @override
    def count(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        # One update: if the network sends it twice, it counts twice.
        change = Change()
        for (feature, outcome), number in counts.items():
            change.add(f"{feature}#{outcome}", number)
        if counts:
            self._table.change({"kind": CALLS, "id": day}, change)

    @override
    def calls_by_day(self, first_day: str, last_day: str) -> dict[str, dict[tuple[str, str], int]]:
        if first_day > last_day:
            return {}
        items = self._table.query(all_of(equals("kind", CALLS), between("id", first_day, last_day)))
        return {item["id"]: _counts(item) for item in items}


def _counts(item: Item) -> dict[tuple[str, str], int]:
    counts = {}
    for counter, number in item.items():
        feature, separator, outcome = counter.partition("#")
        if separator:
            counts[feature, outcome] = number
    return counts
