"""When a cap was reached, and when it is expected to be."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sightline.models.budgets import MICRO, Account, Cap, Period, Purse
from sightline.models.images import Lane
from sightline.services.cap_dates import dates_of, read_cap_dates
from sightline.testing.fake import FakeSightline

LIVE, OLD = Purse("labels", Lane.LIVE), Purse("labels", Lane.BACKFILL)
TODAY, FIRST = date(2026, 11, 20), date(2026, 11, 1)
NOTHING = Account("2026-10")


def account(*usd: float, first: date = FIRST, purse: Purse = LIVE) -> Account:
    taken = {str(first + timedelta(days=n)): {purse: round(each * MICRO)} for n, each in enumerate(usd)}
    return Account(str(first)[:7], taken)


def month(usd: float, **scope) -> Cap:
    return Cap(Period.MONTH, round(usd * MICRO), **scope)


def dates(cap: Cap, now: Account, before: Account = NOTHING, today: date = TODAY):
    return dates_of(cap, today, now, before)


def test_a_cap_by_month_was_reached_on_the_first_day_whose_sum_comes_to_it():
    told = dates(month(10), account(*[1.0] * 9, 1.0, 0.0, 0.0))
    assert ((date(2026, 11, 10),), "reached on 2026-11-10") == (told.reached, told.said())
    assert (100, 100) == (told.alarm_percent, told.share_percent)


def test_a_cap_by_day_was_reached_on_each_such_day():
    cap = Cap(Period.DAY, MICRO)
    assert "not reached this month" == dates(cap, account(0.5, 0.9)).said()
    assert "reached on 2026-11-02" == dates(cap, account(0.5, 1.0)).said()
    assert "reached on 2 days of this month, the last 2026-11-03" == dates(cap, account(1.0, 0.5, 1.0)).said()


def test_days_that_are_all_alike_reach_it_on_a_day_that_is_certain():
    told = dates(month(25), account(*[1.0] * 19, 0.25))
    assert (19, date(2026, 11, 25), date(2026, 11, 25), date(2026, 11, 25)) == (
        told.days,
        told.expected,
        told.earliest,
        told.latest,
    )
    assert "expected on 2026-11-25 (2026-11-25 to 2026-11-25)" == told.said()


def test_what_today_lacks_of_the_mean_still_comes_today():
    assert TODAY == dates(month(20), account(*[1.0] * 19, 0.25)).expected
    assert date(2026, 11, 21) == dates(month(25.5), account(*[1.0] * 19, 5.9)).expected


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (31, "not this month, if it goes on; 2026-11-28 at the earliest"),
        (99, "not this month, if it goes on"),
        (29, "expected on 2026-11-29 (2026-11-26 to not this month)"),
    ],
)
def test_what_varies_is_a_range_that_may_end_in_no_day_of_this_month(usd, said):
    assert said == dates(month(usd), account(*[0.5, 1.5] * 9, 1.0, 1.0)).said()


def test_before_the_first_whole_day_nothing_is_known_and_the_month_before_tells():
    today = date(2026, 11, 1)
    assert "known after the first whole day" == dates(month(10), account(0.5), today=today).said()
    before = account(*[1.0] * 31, first=date(2026, 10, 1))
    assert date(2026, 11, 10) == dates(month(10), account(0.5), before, today).expected


def test_days_after_the_cap_of_the_month_before_was_reached_tell_nothing():
    before = account(*[2.0] * 5, *[0.0] * 26, first=date(2026, 10, 1))
    told = dates(month(10), account(), before, date(2026, 11, 1))
    assert (5, date(2026, 11, 5)) == (told.days, told.expected)


def test_a_cap_goes_by_what_it_covers():
    both = account(*[1.0] * 20)
    both = replace(both, taken={day: {**each, OLD: 3 * MICRO} for day, each in both.taken.items()})
    assert date(2026, 11, 25) == dates(month(25, lane=Lane.LIVE), both).expected
    assert (date(2026, 11, 7),) == dates(month(28), both).reached


@given(some.lists(some.floats(0, 10), min_size=1, max_size=20), some.floats(0.01, 300))
def test_the_day_that_is_expected_lies_in_its_range(usd, cap):
    told = dates(month(cap), account(*usd), today=FIRST + timedelta(days=len(usd) - 1))
    never = date.max
    assert (told.earliest or never) <= (told.expected or never) <= (told.latest or never)


def test_the_range_holds_the_day_in_nineteen_months_of_twenty():
    held = [_holds(Random(seed)) for seed in range(400)]  # noqa: S311
    assert 0.92 <= mean(held) <= 1.0


def _holds(chance: Random) -> bool:
    """Draw a month, cut it at a day, and say whether the range from then holds the day on which the cap was reached."""
    usd = [max(0.0, chance.gauss(1.0, 0.4)) for _ in range(30)]
    cap, today = month(22), date(2026, 11, chance.randint(8, 18))
    ended = dates(cap, account(*usd), today=date(2026, 11, 30)).reached
    told = dates(cap, account(*usd[: today.day]), today=today)
    never = date.max
    return (told.earliest or never) <= (ended[0] if ended else never) <= (told.latest or never)


def test_it_is_read_from_the_accounts_of_two_months_and_without_a_budget_there_are_none():
    world = FakeSightline(budget="1 USD/month, 0.5 USD/day")
    assert ["known after the first whole day", "not reached this month"] == [
        each.said() for each in read_cap_dates(world.treasury)
    ]
    assert [] == read_cap_dates(None)
