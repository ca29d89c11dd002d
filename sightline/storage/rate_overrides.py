"""The quotas that operators set: kept here for good, while Redis holds a copy that it may forget."""

from typing import Protocol

from sightline.models.rates import RateOverride
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, equals, missing
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable

OVERRIDE = "rate"


class RateOverrides(Protocol):
    """What every store of overrides does. scope: account and region, whose operations share nothing with others."""

    def keep(self, scope: str, operation: str, per_second: float | None, reason: str) -> RateOverride:
        """Keep what an operator set; return it with its revision."""

    def keep_unless_known(self, scope: str, operation: str, per_second: float, reason: str) -> None:
        """Keep what was found in Redis alone, unless anything was ever kept for the operation."""

    def read(self, scope: str) -> dict[str, RateOverride]:
        """Return what was last set for each operation, consistently."""


class DynamoRateOverrides(RateOverrides):
    """The overrides of the table of operations."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    def keep(self, scope: str, operation: str, per_second: float | None, reason: str) -> RateOverride:
        """Keep an override; a reset is kept as well, so that it is not mistaken for one that was never known."""
        item = self._write(scope, operation, per_second, reason, None)
        return _override(item or {})

    def keep_unless_known(self, scope: str, operation: str, per_second: float, reason: str) -> None:
        """Keep an override if there is none."""
        self._write(scope, operation, per_second, reason, missing("kind"))

    def read(self, scope: str) -> dict[str, RateOverride]:
        """Return the overrides of one account and region: there is one item for each operation ever set."""
        items = self._table.query(equals("kind", OVERRIDE))
        return {item["operation"]: _override(item) for item in items if item["scope"] == scope}

    def _write(
        self, scope: str, operation: str, per_second: float | None, reason: str, only_if: Condition | None
    ) -> Item | None:
        text = None if per_second is None else repr(per_second)
        change = Change().set_all(scope=scope, operation=operation, per_second=text, reason=reason).add("revision", 1)
        key = {"kind": OVERRIDE, "id": sort_key(f"{scope}:{operation}")}
        return self._table.update(key, change, only_if).item


def _override(item: Item) -> RateOverride:
    per_second = item.get("per_second")
    return RateOverride(None if per_second is None else float(per_second), item["reason"], int(item["revision"]))
