"""What was spent and what may be, in memory, with the rules of the real stores. Threads may share them."""

import json
from collections import Counter
from datetime import date
from threading import Lock

from typing_extensions import override

from sightline.models.budgets import Account
from sightline.models.spending import Line, Spent
from sightline.storage.books import Books, Position
from sightline.storage.budget_accounts import BudgetAccounts, account_item, to_account
from sightline.storage.dynamodb.items import Item


class InMemoryBooks(Books):
    """The books in memory."""

    def __init__(self) -> None:
        self._spent: Counter[Line] = Counter()
        self._positions: dict[str, Position] = {}
        self._began: list[date | None] = []
        self._lock = Lock()

    @override
    def book(self, spent: Spent, before: Position, now: Position) -> bool:
        with self._lock:
            if self._positions.get(now.shard, Position(now.shard)).after != before.after:
                return False
            self._positions[now.shard] = now
            self._spent.update(spent)
            return True

    @override
    def add(self, spent: Spent) -> None:
        with self._lock:
            self._spent.update(spent)

    @override
    def positions(self) -> dict[str, Position]:
        return dict(self._positions)

    @override
    def read(self, first_day: str, last_day: str) -> dict[Line, int]:
        sums: Counter[Line] = Counter()
        for line, number in self._between(first_day, last_day):
            sums[line.of_all_cameras] += number
        return {line: number for line, number in sums.items() if number}

    @override
    def read_cameras(self, first_day: str, last_day: str) -> dict[Line, int]:
        return {line: number for line, number in self._between(first_day, last_day) if line.camera}

    def _between(self, first_day: str, last_day: str) -> list[tuple[Line, int]]:
        kept = self._spent.items()
        return [(line, number) for line, number in kept if number and first_day <= line.day <= last_day]

    @override
    def begin(self, day: date | None) -> None:
        self._began = self._began or [day]

    @override
    def lacking(self) -> tuple[bool, date | None]:
        return bool(self._began), self._began[0] if self._began else None


class InMemoryBudgetAccounts(BudgetAccounts):
    """The accounts in memory, as items like the real ones."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._lock = Lock()

    @override
    def read(self, month: str) -> Account:
        with self._lock:
            kept = self._items.get(month)
        return to_account(month, json.loads(json.dumps(kept))) if kept else Account(month)

    @override
    def replace(self, after: Account) -> Account:
        with self._lock:
            standing = self._items.get(after.month)
            if (standing["revision"] if standing else 0) == after.revision:
                self._items[after.month] = standing = account_item(after)
        return to_account(after.month, standing) if standing else Account(after.month)
