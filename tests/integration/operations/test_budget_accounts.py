"""The accounts of the budget, in memory and in DynamoDB alike."""

from dataclasses import replace

from sightline.models.budgets import Account, Block, Purse
from sightline.models.images import Lane

MONTH, DAY = "2026-11", "2026-11-28"
LIVE, UNKNOWN = Purse("labels", Lane.LIVE), Purse("text", None)


def test_nothing_is_known_of_a_month_at_first(operations):
    assert Account(MONTH) == operations.budget_accounts.read(MONTH)


def test_an_account_is_kept_with_the_next_revision_and_months_are_apart(operations):
    store = operations.budget_accounts
    taken, told = {DAY: {LIVE: 70, UNKNOWN: 3}}, {DAY: {"all 10.00 USD/day": 50}, MONTH: {"all 99.00 USD/month": 80}}
    full = Account(MONTH, taken, {"a": Block(LIVE, DAY, 7, 1)}, {DAY: 5}, told, written_by="this process")
    assert replace(full, revision=1) == store.replace(full) == store.read(MONTH)
    assert Account("2026-12") == store.read("2026-12")


def test_of_two_that_saw_the_same_one_writes_and_the_other_learns_what_stands(operations):
    store = operations.budget_accounts
    for number in range(3):
        seen = store.read(MONTH)
        first = store.replace(replace(seen, lost={DAY: number}, written_by=f"first {number}"))
        second = store.replace(replace(seen, lost={DAY: 99}, written_by=f"second {number}"))
        assert first == second == store.read(MONTH)
        assert (f"first {number}", number + 1) == (second.written_by, second.revision)
