"""The accounts of the budget: an item for each UTC month, changed by compare and swap."""

from collections.abc import Mapping
from typing import Any, Protocol

from typing_extensions import override

from sightline.models.budgets import Account, Block, Purse
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.table import DynamoTable

BUDGET = "budget"


class BudgetAccounts(Protocol):
    """What every store of accounts does."""

    def read(self, month: str) -> Account:
        """Return what is known of a month (`2026-11`), consistently: nothing at first."""

    def replace(self, after: Account) -> Account:
        """Write an account, if nobody has written since it was read; return the one that then stands.

        It is `after` with the next revision if `written_by` is the same: also where the client's first request got
        through unheard.
        """


class DynamoBudgetAccounts(BudgetAccounts):
    """The accounts of the table of operations. They are kept: twelve small items a year."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    @override
    def read(self, month: str) -> Account:
        item = self._table.get(_key(month))
        return to_account(month, item) if item else Account(month)

    @override
    def replace(self, after: Account) -> Account:
        change = Change().set_all(**account_item(after))
        outcome = self._table.update(_key(after.month), change, equals("revision", after.revision or None))
        return to_account(after.month, outcome.item) if outcome.item else Account(after.month)


def account_item(after: Account) -> Item:
    """Return the attributes of an account that is written, with the next revision."""
    return {
        "taken": {day: {str(purse): amount for purse, amount in each.items()} for day, each in after.taken.items()},
        "blocks": {name: _block_item(block) for name, block in after.blocks.items()},
        "lost": dict(after.lost),
        "told": {name: dict(each) for name, each in after.told.items()},
        "revision": after.revision + 1,
        "written_by": after.written_by,
    }


def to_account(month: str, item: Mapping[str, Any]) -> Account:
    """Read an account."""
    return Account(
        month=month,
        taken={day: {Purse.named(name): each[name] for name in each} for day, each in item["taken"].items()},
        blocks={name: _block(each) for name, each in item["blocks"].items()},
        lost=item["lost"],
        told=item.get("told", {}),
        revision=item["revision"],
        written_by=item["written_by"],
    )


def _block_item(block: Block) -> Item:
    return {"purse": str(block.purse), "day": block.day, "micro_usd": block.micro_usd, "number": block.number}


def _block(item: Mapping[str, Any]) -> Block:
    return Block(Purse.named(item["purse"]), item["day"], item["micro_usd"], item["number"])


def _key(month: str) -> dict[str, str]:
    return {"kind": BUDGET, "id": month}
