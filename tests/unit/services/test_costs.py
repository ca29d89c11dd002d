"""What calls cost by day and feature, and what the month comes to."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sightline.errors import ConfigurationError
from sightline.models.spending import Line, Reason
from sightline.rekognition.prices import read_prices
from sightline.services.costs import (
    DAYS_SHOWN,
    Amount,
    of_cameras,
    price_lines,
    read_costs,
    read_spent,
    total,
    total_of,
)
from sightline.testing.fake import FakeSightline

LABELS = Line("2026-11-10", "labels", ("DetectLabels.GENERAL_LABELS",), "live", Reason.NEW)
BOTH = replace(LABELS, billed=("DetectLabels.GENERAL_LABELS", "DetectLabels.IMAGE_PROPERTIES"))
TEXT = replace(LABELS, feature="text", billed=("DetectText",))
UNKNOWN = replace(TEXT, reason=Reason.UNKNOWN)
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


def _on(line, day):
    return replace(line, day=day)


def test_what_was_called_is_priced_by_its_meter():
    priced = price_lines({LABELS: 2, BOTH: 1, TEXT: 3}, PRICES)
    assert {LABELS: Amount(0.002, 0.002), BOTH: Amount(0.00175, 0.00175), TEXT: Amount(0.003, 0.003)} == {
        line: Amount(round(each.usd, 9), round(each.usd_at_most, 9)) for line, each in priced.items()
    }


def test_features_share_the_tiers_of_their_group():
    first, second = {_on(LABELS, "2026-11-01"): 900_000}, {LABELS: 100_000, TEXT: 100_000}
    priced = price_lines({**first, **second}, PRICES)
    assert pytest.approx(900) == priced[_on(LABELS, "2026-11-01")].usd
    assert [pytest.approx(90), pytest.approx(90)] == [priced[LABELS].usd, priced[TEXT].usd]


def test_each_month_begins_with_its_first_tier():
    priced = price_lines({_on(LABELS, "2026-10-31"): 2_000_000, _on(LABELS, "2026-11-01"): 1_000_000}, PRICES)
    assert [pytest.approx(1800), pytest.approx(1000)] == [each.usd for each in priced.values()]


def test_a_range_is_no_wider_than_its_unknown_calls():
    whole = total_of(price_lines({TEXT: 999_990, UNKNOWN: 20}, PRICES).values())
    assert pytest.approx(999.99) == whole.usd
    assert pytest.approx(0.01 + 0.008) == whole.usd_at_most - whole.usd


def test_the_free_tier_comes_first():
    free = read_prices("us-east-1", free={"group_2": 10})
    assert pytest.approx(0.005) == total_of(price_lines({TEXT: 15}, free).values()).usd


def test_what_has_no_price_is_not_left_out():
    with pytest.raises(ConfigurationError, match="SIGHTLINE_PRICES"):
        price_lines({replace(TEXT, billed=("smells",)): 1}, PRICES)


def test_the_books_are_read_as_soon_as_they_are_kept(operations):
    count(operations, "2026-11-09", 5_000)
    operations.books.add({LABELS: 7})
    assert [5] == [*read_spent(operations, date(2026, 11, 1), TODAY).values()]
    operations.books.begin(None)
    assert {LABELS: 7} == read_spent(operations, date(2026, 11, 1), TODAY)


def test_days_that_the_books_lack_come_from_the_workers_counters(operations):
    for day in ("2026-11-08", "2026-11-09", "2026-11-10"):
        count(operations, day, 5_000, unknown=1)
    operations.books.add({LABELS: 7})
    operations.books.begin(date(2026, 11, 9))
    spent = read_spent(operations, date(2026, 11, 9), TODAY)
    assert {("2026-11-09", 5), ("2026-11-09", 1), ("2026-11-10", 7)} == {(line.day, n) for line, n in spent.items()}


def test_a_forecast_has_a_range_that_narrows_if_days_are_alike(operations):
    operations.books.begin(None)
    for number, calls in enumerate([1000, 3000, 1000, 3000, 1000, 3000, 1000, 3000, 1000]):
        operations.books.add({_on(LABELS, f"2026-11-0{number + 1}"): calls})
    varied = read_costs(operations, PRICES, TODAY).forecast
    assert varied is not None
    assert 17 < varied.usd_at_least < varied.usd < varied.usd_at_most
    assert pytest.approx(17 + 21 * 17 / 9, abs=0.01) == varied.usd


def test_alike_days_make_a_forecast_without_a_range(operations):
    operations.books.begin(None)
    for number in range(1, 10):
        operations.books.add({_on(LABELS, f"2026-11-0{number}"): 1000})
    operations.books.add({LABELS: 1000, UNKNOWN: 2})
    forecast = read_costs(operations, PRICES, TODAY).forecast
    assert forecast is not None
    assert [30, 30, 30.002] == [round(each, 6) for each in (forecast.usd, forecast.usd_at_least, forecast.usd_at_most)]


def test_a_forecast_beyond_the_last_price_says_which_line_to_add(operations):
    operations.books.begin(None)
    operations.books.add({_on(LABELS, (TODAY - timedelta(days=1)).isoformat()): 3_000_000})
    costs = read_costs(operations, PRICES, TODAY)
    assert costs.forecast is None
    assert costs.unpriced is not None
    assert "[regions.us-east-1.group_2]" in costs.unpriced


def test_cameras_share_what_was_paid(operations):
    operations.books.begin(None)
    operations.books.add({replace(LABELS, camera="yard"): 3, replace(LABELS, camera="gate"): 1, LABELS: 1})
    costs = read_costs(operations, PRICES, TODAY)
    parted = of_cameras(costs, operations.books.read_cameras("2026-11-01", "2026-11-10"))
    assert {"yard": 0.003, "gate": 0.001, "": 0.001} == {line.camera: round(x.usd, 9) for line, x in parted.items()}
