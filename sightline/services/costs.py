"""What calls cost, by UTC day and feature, from the counts that workers keep; and what a month comes to if it goes on.

An amount is a range where calls ended unknown, each of which may have been billed.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sightline.models.answers import Json
from sightline.rekognition.features import all_features
from sightline.rekognition.prices import Prices
from sightline.services.usage import COST, UNKNOWN
from sightline.storage.operations import Operations

Calls = Mapping[tuple[str, str], int]
"""(feature, outcome) → number, as the store of usage keeps them."""

DAYS_SHOWN = 28


@dataclass(frozen=True, slots=True)
class Amount:
    """US dollars. at_most: with every call that ended unknown."""

    usd: float
    usd_at_most: float

    def times(self, factor: float) -> "Amount":
        """Return a multiple."""
        return Amount(factor * self.usd, factor * self.usd_at_most)


@dataclass(frozen=True, slots=True)
class Costs:
    """What was paid.

    days: the last DAYS_SHOWN, and this month's, the oldest first, those without calls too
    today, month: by feature; unknown: this month's calls that ended unknown
    forecast: of this month, None before the first whole day; mean_days: of how many whole days it is the mean
    """

    days: Mapping[date, Amount]
    today: Mapping[str, Amount]
    month: Mapping[str, Amount]
    unknown: int
    forecast: Amount | None
    mean_days: int


def read_costs(operations: Operations, prices: Prices, today: date) -> Costs:
    """Read the days' counts, with one request for all."""
    first_of_month = today.replace(day=1)
    first = min(first_of_month, today - timedelta(days=DAYS_SHOWN - 1))
    by_day = operations.usage.calls_by_day(first.isoformat(), today.isoformat())
    days = {day: total(amounts(by_day.get(day.isoformat(), {}), prices)) for day in _days(first, today)}
    month: dict[tuple[str, str], int] = {}
    for day, counts in by_day.items():
        if day >= first_of_month.isoformat():
            month |= {key: month.get(key, 0) + number for key, number in counts.items()}
    whole = {day: days[day] for day in days if day < today and day.isoformat() >= min(by_day, default="")}
    mean = total_of(whole.values()).times(1 / len(whole)) if by_day and whole else None
    return Costs(
        days=days,
        today=amounts(by_day.get(today.isoformat(), {}), prices),
        month=amounts(month, prices),
        unknown=sum(number for (_, outcome), number in month.items() if outcome == UNKNOWN),
        forecast=None if mean is None else _forecast(mean, days, today),
        mean_days=len(whole) if mean is not None else 0,
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _forecast(mean: Amount, days: Mapping[date, Amount], today: date) -> Amount:
    """Return the month's days so far, and the mean of a day for each that is left; today comes to the mean at least."""
    past = [amount for day, amount in days.items() if today.replace(day=1) <= day < today]
    so_far = days[today]
    whole_today = Amount(max(so_far.usd, mean.usd), max(so_far.usd_at_most, mean.usd_at_most))
    left = monthrange(today.year, today.month)[1] - today.day
    return total_of([*past, whole_today, mean.times(left)])


def total(by_feature: Mapping[str, Amount]) -> Amount:
    """Return the sum over features."""
    return total_of(by_feature.values())


def total_of(each: Iterable[Amount]) -> Amount:
    """Return a sum."""
    added = [*each]
    return Amount(sum(one.usd for one in added), sum(one.usd_at_most for one in added))


def amounts(calls: Calls, prices: Prices) -> dict[str, Amount]:
    """Return what calls cost, by feature."""
    low, high = cost(calls), cost_at_most(calls, prices)
    return {feature: Amount(low.get(feature, 0.0), high[feature]) for feature in high}


def cost(calls: Calls) -> dict[str, float]:
    """Return US dollars by feature, of what was answered."""
    return {feature: number / 1e6 for (feature, kind), number in sorted(calls.items()) if kind == COST}


def cost_at_most(calls: Calls, prices: Prices) -> dict[str, float]:
    """Return US dollars by feature, with every call that ended unknown."""
    features = sorted({feature for feature, kind in calls if kind in {COST, UNKNOWN}})
    return {
        feature: (calls.get((feature, COST), 0) + calls.get((feature, UNKNOWN), 0) * list_price(feature, prices)) / 1e6
        for feature in features
    }


def list_price(feature: str, prices: Prices, parameters: Mapping[str, Json] | None = None) -> int:
    """Return what AWS lists for a call, in millionths of a US dollar; 0 for a feature that is no longer declared."""
    declared = all_features().get(feature)
    return prices.of_call(declared, parameters) if declared else 0
