"""What calls cost by day and feature, and what the month comes to."""

from datetime import date

import pytest

from sightline.rekognition.prices import read_prices
from sightline.services.costs import DAYS_SHOWN, Amount, read_costs, total
from sightline.testing.fake import FakeSightline

PRICES = read_prices("us-east-1")
TODAY = date(2026, 11, 10)


@pytest.fixture
def operations():
    return FakeSightline().operations


def count(operations, day, micro_usd, unknown=0):
    operations.usage.count(day, {("labels", "cost_micro_usd"): micro_usd, ("labels", "answered"): 1})
    if unknown:
        operations.usage.count(day, {("faces", "unknown"): unknown})


def test_every_day_is_there_and_today_stands_last(operations):
    count(operations, "2026-11-10", 2_000_000)
    costs = read_costs(operations, PRICES, TODAY)
    assert DAYS_SHOWN == len(costs.days)
    assert (TODAY, Amount(2.0, 2.0)) == [*costs.days.items()][-1]
    assert {"labels": Amount(2.0, 2.0)} == costs.today == costs.month
    assert costs.forecast is None


def test_days_before_the_month_are_shown_and_not_counted_in_it(operations):
    count(operations, "2026-10-31", 5_000_000)
    count(operations, "2026-11-01", 1_000_000)
    costs = read_costs(operations, PRICES, TODAY)
    assert Amount(5.0, 5.0) == costs.days[date(2026, 10, 31)]
    assert Amount(1.0, 1.0) == total(costs.month)


def test_calls_that_ended_unknown_make_it_a_range(operations):
    count(operations, "2026-11-10", 1_000, unknown=3)
    costs = read_costs(operations, PRICES, TODAY)
    assert (3, Amount(0.0, 0.003)) == (costs.unknown, costs.month["faces"])
    assert Amount(0.001, 0.004) == total(costs.month)


def test_the_forecast_is_the_mean_of_whole_days_since_the_first_that_has_calls(operations):
    count(operations, "2026-11-08", 1_000_000)
    count(operations, "2026-11-09", 3_000_000)
    count(operations, "2026-11-10", 100_000)  # has not ended
    costs = read_costs(operations, PRICES, TODAY)
    assert 2 == costs.mean_days
    assert costs.forecast is not None
    assert pytest.approx(4.0 + 21 * 2.0) == costs.forecast.usd


def test_a_month_never_comes_to_less_than_was_paid(operations):
    count(operations, "2026-11-01", 100_000)
    count(operations, "2026-11-10", 50_000_000)
    costs = read_costs(operations, PRICES, TODAY)
    assert costs.forecast is not None
    assert costs.forecast.usd > total(costs.month).usd


def test_a_month_of_31_days_is_whole_on_its_last_day(operations):
    for day in range(1, 32):
        count(operations, f"2026-10-{day:02}", 1_000_000)
    costs = read_costs(operations, PRICES, date(2026, 10, 31))
    assert 31 == len(costs.days)
    assert costs.forecast is not None
    assert pytest.approx(31.0) == costs.forecast.usd
    assert pytest.approx(31.0) == total(costs.month).usd
