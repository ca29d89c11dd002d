"""What calls cost by AWS's list, by UTC day and what they were for; and what a month comes to if it goes on.

The counts are those of the books, so of the ledger. Prices are those of the month's tier. An amount is a range where
calls ended unknown, each of which may have been billed.
"""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean, stdev
from typing import TypeAlias

from sightline.errors import ConfigurationError
from sightline.models.answers import Json
from sightline.models.spending import Line, Reason, Spent
from sightline.rekognition.features import all_features
from sightline.rekognition.paid_calls import is_by_the_image, price_of
from sightline.rekognition.prices import Prices, billed, read_prices
from sightline.services.usage import COST, UNKNOWN
from sightline.storage.operations import Operations

DAYS_SHOWN = 28

SURE = 1.96
"""Standard errors on both sides of a forecast: it holds 19 months of 20 whose days vary as those before did."""


_UnitsByDay: TypeAlias = Mapping[str, tuple[Counter[str], Counter[str]]]
"""Day → units by meter: billed, and perhaps billed."""

_NONE: tuple[Counter[str], Counter[str]] = (Counter(), Counter())


@dataclass(frozen=True, slots=True)
class Amount:
    """US dollars. at_most: with every call that ended unknown."""

    usd: float = 0.0
    usd_at_most: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.usd + other.usd, self.usd_at_most + other.usd_at_most)

    def share(self, part: int, of: int) -> "Amount":
        """Return the share of so many calls."""
        return Amount(self.usd * part / of, self.usd_at_most * part / of)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month comes to, in US dollars: as expected, and between which amounts."""

    usd: float
    usd_at_least: float
    usd_at_most: float


Priced: TypeAlias = Mapping[Line, Amount]
"""What the calls of each line cost, by line."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What was paid.

    days: the last DAYS_SHOWN, and this month's, the oldest first, those without calls too
    today, month: by feature; lines, calls: this month's, priced and counted; unknown: its calls that ended unknown
    forecast: of this month, None before the first whole day; mean_days: of how many whole days it is the mean
    unpriced: why there is no forecast although there could be: what to add to the prices
    """

    days: Mapping[date, Amount]
    today: Mapping[str, Amount]
    month: Mapping[str, Amount]
    lines: Priced
    calls: Spent
    unknown: int
    forecast: Forecast | None
    mean_days: int
    unpriced: str | None = None


def read_costs(operations: Operations, prices: Prices, today: date) -> Costs:
    """Read and price the days' lines. ConfigurationError if what was called has no price."""
    shown_from = min(today.replace(day=1), today - timedelta(days=DAYS_SHOWN - 1))
    spent = read_spent(operations, shown_from.replace(day=1), today)
    priced = price_lines(spent, prices)
    by_day = sums(priced, lambda line: line.day)
    month = {line: each for line, each in priced.items() if line.day >= today.replace(day=1).isoformat()}
    whole_days = _whole_days(spent, shown_from, today)
    forecast, unpriced = None, None
    try:
        forecast = _foresee(spent, prices, today, whole_days)
    except ConfigurationError as error:
        unpriced = str(error)
    return Costs(
        days={day: by_day.get(day.isoformat(), Amount()) for day in _days(shown_from, today)},
        today=sums({line: each for line, each in month.items() if line.day == today.isoformat()}, by_feature),
        month=sums(month, by_feature),
        lines=month,
        calls={line: spent[line] for line in month},
        unknown=sum(spent[line] for line in month if line.reason is Reason.UNKNOWN),
        forecast=forecast,
        mean_days=len(whole_days) if forecast else 0,
        unpriced=unpriced,
    )


def read_spent(operations: Operations, first: date, last: date) -> Spent:
    """Return the lines of these days. Days that the books lack come from the counters that workers keep."""
    began, lacking = operations.books.lacking()
    until = last if not began else lacking
    before = _counted(operations, first, min(last, until)) if until and until >= first else {}
    after = max(first, until + timedelta(days=1)) if until else first
    booked = operations.books.read(after.isoformat(), last.isoformat()) if after <= last else {}
    return {**before, **booked}


def _counted(operations: Operations, first: date, last: date) -> Spent:
    """Return what workers counted: quick counts, of which a kill loses those of ten seconds."""
    lines: Counter[Line] = Counter()
    by_day = operations.usage.calls_by_day(first.isoformat(), last.isoformat())
    for day, counts in by_day.items():
        for (feature, outcome), number in counts.items():
            declared = all_features().get(feature)
            called = billed(declared, declared.parameters) if declared else (feature,)
            if outcome == COST and declared:
                lines[Line(day, feature, called, "", Reason.NEW)] += number // read_prices("us-east-1").of_call(
                    declared
                )
            if outcome == UNKNOWN:
                lines[Line(day, feature, called, "", Reason.UNKNOWN)] += number
    return lines


def price_lines(spent: Spent, prices: Prices) -> Priced:
    """Price lines of whole months up to some day, each by the tier that its day's calls are in.

    Calls that share a day and a meter share its tiers by their number. ConfigurationError if a price is missing.
    """
    priced: dict[Line, Amount] = {}
    before: Counter[tuple[str, str]] = Counter()
    for day in _names(spent):
        lines = {line: number for line, number in spent.items() if line.day == day}
        units, unknown = _units(lines, prices)
        each = {
            meter: _each(prices, meter, units[meter], unknown[meter], before[day[:7], meter])
            for meter in {*units, *unknown}
        }
        before.update({(day[:7], meter): number for meter, number in units.items()})
        priced |= {line: _of_line(line, number, each, prices) for line, number in lines.items()}
    return priced


def _units(lines: Spent, prices: Prices) -> tuple[Counter[str], Counter[str]]:
    """Return how many units were billed, and how many may have been, by meter."""
    units: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for line, number in lines.items():
        counted = units if line.reason.is_sure else unknown
        counted.update({prices.meter_named(called): number for called in line.billed})
    return units, unknown


def _each(prices: Prices, meter: str, units: int, unknown: int, before: int) -> tuple[float, float]:
    """Return what each unit of a day costs: each that was billed, and each that may have been."""
    low = prices.of_month(meter, units, before)
    high = prices.of_month(meter, units + unknown, before)
    return (low / units if units else 0.0, (high - low) / unknown if unknown else 0.0)


def _of_line(line: Line, number: int, each: Mapping[str, tuple[float, float]], prices: Prices) -> Amount:
    is_unknown = not line.reason.is_sure
    usd = number * sum(each[prices.meter_named(called)][is_unknown] for called in line.billed) / 1e6
    return Amount(0.0 if is_unknown else usd, usd)


def sums(priced: Priced, by: Callable[[Line], str]) -> dict[str, Amount]:
    """Return sums by what a function names, in its order."""
    added: defaultdict[str, Amount] = defaultdict(Amount)
    for line, amount in priced.items():
        added[by(line)] += amount
    return dict(sorted(added.items()))


def of_cameras(costs: Costs, cameras: Spent) -> Priced:
    """Return this month's lines by camera: each call costs what its line over all cameras does for one.

    Calls that name no camera are lines without one.
    """
    rest = Counter(costs.calls)
    parted: dict[Line, Amount] = {}
    for line, number in cameras.items():
        if whole := costs.calls.get(line.of_all_cameras):
            parted[line] = costs.lines[line.of_all_cameras].share(number, whole)
            rest[line.of_all_cameras] -= number
    return parted | {line: costs.lines[line].share(n, costs.calls[line]) for line, n in rest.items() if n > 0}


def by_feature(line: Line) -> str:
    """Return the feature."""
    return line.feature


def total(by_name: Mapping[str, Amount]) -> Amount:
    """Return the sum."""
    return total_of(by_name.values())


def total_of(each: Iterable[Amount]) -> Amount:
    """Return a sum."""
    return sum(each, Amount())


def list_price(feature: str, prices: Prices, parameters: Mapping[str, Json] | None = None) -> int:
    """Return what AWS lists for a call, in millionths of a US dollar; 0 for a feature that is no longer declared."""
    return price_of(prices, feature, parameters) if is_by_the_image(feature) else 0


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _foresee(spent: Spent, prices: Prices, today: date, whole_days: list[date]) -> Forecast | None:
    """Return this month's units so far, and for each day that is left the mean of the whole days before, priced.

    Today comes to the mean at least. The range is that of the mean and of the days that are left, if days vary as they
    did; it never falls below what was paid. ConfigurationError if a tier has no price.
    """
    if not whole_days:
        return None
    by_day = {day: _units({line: n for line, n in spent.items() if line.day == day}, prices) for day in _names(spent)}
    meters = sorted({meter for each in by_day.values() for kind in each for meter in kind})
    each = [_foresee_meter(meter, by_day, prices, today, whole_days) for meter in meters]
    return Forecast(*(sum(amounts) / 1e6 for amounts in zip(*each, strict=True))) if each else Forecast(0.0, 0.0, 0.0)


def _foresee_meter(
    meter: str, by_day: _UnitsByDay, prices: Prices, today: date, whole_days: list[date]
) -> tuple[int, int, int]:
    """Return what a meter's month costs: as expected, at the least and at the most."""
    month = [by_day[day] for day in by_day if day >= today.replace(day=1).isoformat()]
    paid = sum(units[meter] for units, _ in month)
    unknown = sum(unknown[meter] for _, unknown in month)
    each = [by_day.get(day.isoformat(), _NONE)[0][meter] for day in whole_days]
    left = monthrange(today.year, today.month)[1] - today.day
    comes = max(0.0, fmean(each) - by_day.get(today.isoformat(), _NONE)[0][meter]) + fmean(each) * left
    varies = stdev(each) if len(each) > 1 else fmean(each)
    off = SURE * varies * sqrt((left + 1) * (1 + (left + 1) / len(each)))
    ends = (paid + comes, paid + max(0.0, comes - off), paid + unknown + comes + off)
    expected, least, most = (prices.of_month(meter, round(units)) for units in ends)
    return expected, least, most


def _names(spent: Spent) -> list[str]:
    return sorted({line.day for line in spent})


def _whole_days(spent: Spent, first: date, today: date) -> list[date]:
    """Return the days before today, from the first that has calls on."""
    begun = min((day for day in _names(spent) if day >= first.isoformat()), default="9")
    return [day for day in _days(first, today - timedelta(days=1)) if day.isoformat() >= begun]
