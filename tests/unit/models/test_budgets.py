"""What may be spent, as plain values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sightline.models.budgets import (
    BLOCKS_KEPT,
    MICRO,
    Account,
    Block,
    Budget,
    Cap,
    Charge,
    Period,
    Purse,
    as_usd,
    block_size,
)
from sightline.models.images import Lane

TODAY, TOMORROW = "2026-11-28", "2026-11-29"
LIVE, OLD, FACES = Purse("labels", Lane.LIVE), Purse("labels", Lane.BACKFILL), Purse("faces", Lane.LIVE)
UNKNOWN = Purse("labels", None)
DAY = Cap(Period.DAY, 10 * MICRO)
MONTH = Cap(Period.MONTH, 100 * MICRO)


def account(**taken: int) -> Account:
    purses = {"live": LIVE, "old": OLD, "faces": FACES, "unknown": UNKNOWN}
    return Account("2026-11", {TODAY: {purses[name]: amount for name, amount in taken.items()}})


def test_a_cap_counts_what_it_covers_and_what_it_may_cover():
    spent = account(live=1, old=20, faces=300, unknown=4000)
    for cap, expected in {
        DAY: 4321,
        Cap(Period.DAY, 1, feature="labels"): 4021,
        Cap(Period.DAY, 1, lane=Lane.LIVE): 4301,
        Cap(Period.DAY, 1, lane=Lane.BACKFILL): 4020,
        Cap(Period.DAY, 1, feature="labels", lane=Lane.LIVE): 4001,
    }.items():
        assert expected == spent.used(cap, TODAY)
        assert 0 == spent.used(cap, TOMORROW)


def test_a_month_counts_all_its_days():
    spent = Account("2026-11", {TODAY: {LIVE: 5}, TOMORROW: {LIVE: 6}})
    assert [11, 5] == [spent.used(MONTH, TODAY), spent.used(DAY, TODAY)]


def test_the_tightest_cap_says_what_is_left_and_a_purse_without_a_cap_has_no_bound():
    budget = Budget((DAY, Cap(Period.MONTH, 3 * MICRO)))
    left = account(live=MICRO).left(budget, LIVE, TODAY)
    assert left
    assert (2 * MICRO, Period.MONTH) == (left.micro_usd, left.cap.period)
    assert account().left(Budget((Cap(Period.DAY, 1, "faces"),)), LIVE, TODAY) is None


def test_a_cap_below_what_is_spent_leaves_nothing():
    left = account(live=11 * MICRO).left(Budget((DAY,)), LIVE, TODAY)
    assert left
    assert 0 == left.micro_usd


def test_backfill_leaves_the_share_of_live_images_untouched_whoever_spent_the_rest():
    budget = Budget((DAY,), live_percent=20)
    spent = account(live=3 * MICRO, old=5 * MICRO)
    assert [2 * MICRO, 0] == [getattr(spent.left(budget, each, TODAY), "micro_usd", None) for each in (LIVE, OLD)]
    assert 10 * MICRO == budget.limit(Cap(Period.DAY, 10 * MICRO, lane=Lane.BACKFILL), Lane.BACKFILL)


@given(some.integers(1, 10**8), some.integers(0, 10**8), some.integers(1, 10**5), some.integers(1, 300))
def test_a_block_pays_for_a_call_is_small_and_leaves_nothing_that_pays_for_none(cap, left, price, calls):
    size = block_size(Budget((Cap(Period.DAY, cap),)), Charge(LIVE, TODAY, price), left, calls)
    if left < price:
        assert 0 == size
    else:
        assert price <= size <= left
        assert size == left or left - size >= price
        assert size < max(price, min(cap / 200, calls * price)) + price


def test_a_block_taken_replaces_those_that_its_holder_has_used_up():
    opened = account().with_block("a", Block(LIVE, TODAY, 50, 1), 50, ())
    after = opened.with_block("b", Block(LIVE, TODAY, 53, 2), 50, ("a",))
    assert {"b": Block(LIVE, TODAY, 53, 2)} == after.blocks
    assert 100 == after.used(DAY, TODAY)
    assert 53 == after.in_blocks(TODAY)


def test_money_is_given_back_once():
    opened = account().with_block("a", Block(LIVE, TODAY, 50, 1), 50, ())
    once = opened.given_back(LIVE, TODAY, 20, ("a",))
    assert [30, 30] == [once.used(DAY, TODAY), once.given_back(LIVE, TODAY, 20, ("a",)).used(DAY, TODAY)]


def test_blocks_of_past_days_and_the_oldest_are_summed_up_and_stay_counted():
    spent = account().with_block("old", Block(LIVE, "2026-11-27", 7, 0), 7, ())
    assert {"old"} == spent.blocks.keys() - spent.with_block("new", Block(LIVE, TOMORROW, 1, 1), 1, ()).blocks.keys()
    for number in range(1, BLOCKS_KEPT + 3):
        spent = spent.with_block(f"b{number}", Block(LIVE, TOMORROW, 1, number), 1, ())
    assert BLOCKS_KEPT == len(spent.blocks)
    assert {"2026-11-27": 7, TOMORROW: 2} == spent.lost
    assert 7 + BLOCKS_KEPT + 2 == spent.in_blocks() == spent.used(MONTH, TODAY)


def test_what_was_spent_without_a_cap_is_taken_over_when_a_day_is_opened_and_never_twice():
    spent = {TODAY: {UNKNOWN: 9}, TOMORROW: {UNKNOWN: 1}}
    opened = Account("2026-11", {TODAY: {LIVE: 5}}).with_day(TOMORROW, {TOMORROW: spent[TOMORROW]})
    assert {TODAY: {LIVE: 5}, TOMORROW: {UNKNOWN: 1}} == opened.taken
    assert opened == opened.with_day(TOMORROW, spent)


def test_each_share_is_an_alarm_once_a_day_and_once_a_month():
    budget, told = Budget((DAY, Cap(Period.MONTH, 16 * MICRO))), []
    spent = account()
    for amount in (4, 1, 3, 1, 0, 1):
        spent = replace(spent, taken={TODAY: {LIVE: spent.used(MONTH, TODAY) + amount * MICRO}})
        told.append([(cap.period.value, percent) for cap, percent in spent.alarms(budget, TODAY)])
        spent = spent.with_told(spent.alarms(budget, TODAY), TODAY)
    assert [[], [("day", 50)], [("day", 80), ("month", 50)], [], [], [("day", 100)]] == told
    spent = replace(spent, taken={**spent.taken, TOMORROW: {LIVE: 10 * MICRO}})
    assert [("day", 100), ("month", 100)] == [(cap.period.value, n) for cap, n in spent.alarms(budget, TOMORROW)]


def test_what_was_given_back_and_taken_again_is_no_second_alarm_and_another_cap_is_one():
    spent = account(live=9 * MICRO)
    spent = spent.with_told(spent.alarms(Budget((DAY,)), TODAY), TODAY)
    back = replace(spent, taken={TODAY: {LIVE: 7 * MICRO}})
    assert [[], []] == [each.alarms(Budget((DAY,)), TODAY) for each in (back, spent)]
    higher = Cap(Period.DAY, 11 * MICRO)
    assert [(higher, 80)] == spent.alarms(Budget((higher,)), TODAY)


def test_alarms_of_past_days_are_forgotten_and_those_of_the_month_stay():
    told = Account("2026-11", told={"2026-11-26": {"a": 50}, "2026-11-27": {"a": 80}, "2026-11": {"b": 50}})
    assert {"2026-11-27", "2026-11", TODAY} == told.with_told([(DAY, 50)], TODAY).told.keys()


@pytest.mark.parametrize(
    ("micro_usd", "expected"), [(10 * MICRO, "10.00"), (1, "0.000001"), (1_250_000, "1.25"), (50_500, "0.0505")]
)
def test_an_amount_is_written_in_dollars(micro_usd, expected):
    assert expected == as_usd(micro_usd)


def test_a_purse_is_read_by_its_name():
    assert [LIVE, UNKNOWN] == [Purse.named(str(LIVE)), Purse.named(str(UNKNOWN))]
