"""When caps are reached: in the past by the account, and to come if the days that are left vary as those before did."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import sqrt
from statistics import fmean, stdev

from sightline.models.answers import Json
from sightline.models.budgets import MICRO, Account, Cap, Period, month_of
from sightline.services.costs import DAYS_SHOWN, SURE
from sightline.services.treasury import Treasury

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CapDates:
    """When a cap is reached, by UTC days; for a cap by month that is not reached yet, also when it may be.

    taken_usd: what counts against it now; alarm_percent: as in `CapNow`
    reached: the days of this month on which it was reached: of a cap by month at most one
    days: how many whole days before today tell what is to come; 0: nothing is known yet
    expected, earliest, latest: when it is reached if it goes on; None: not this month
    """

    cap: Cap
    taken_usd: float
    alarm_percent: int
    reached: tuple[date, ...]
    days: int = 0
    expected: date | None = None
    earliest: date | None = None
    latest: date | None = None

    @property
    def share_percent(self) -> float:
        """Return how much of the cap is taken."""
        return 100 * self.taken_usd * MICRO / self.cap.micro_usd

    @property
    def as_json(self) -> dict[str, Json]:
        """Return it for programs; days as ISO 8601."""
        to_come = {"expected_on": self.expected, "earliest_on": self.earliest, "latest_on": self.latest}
        return {
            "taken_usd": self.taken_usd,
            "alarm_percent": self.alarm_percent,
            "reached_on": [day.isoformat() for day in self.reached],
            **{name: day and day.isoformat() for name, day in to_come.items()},
            "expected_from_days": self.days,
        }

    def said(self, write: Callable[[date], str] = str) -> str:
        """Say when it is reached. write: how a day is written."""
        if self.cap.period is Period.DAY or self.reached:
            return _reached_said([*map(write, self.reached)])
        if not self.days:
            return "known after the first whole day"
        expected, earliest, latest = (day and write(day) for day in (self.expected, self.earliest, self.latest))
        if expected is None:
            return f"not this month, if it goes on{f'; {earliest} at the earliest' if earliest else ''}"
        return f"expected on {expected} ({earliest} to {latest or 'not this month'})"


def read_cap_dates(treasury: Treasury | None) -> list[CapDates]:
    """Read the accounts of this month and the one before, and return each cap; none without a budget."""
    if treasury is None:
        return []
    today = date.fromisoformat(treasury.today())
    account, before = treasury.account(), treasury.account(month_of((today.replace(day=1) - DAY).isoformat()))
    return [dates_of(cap, today, account, before) for cap in treasury.budget.caps]


def dates_of(cap: Cap, today: date, account: Account, before: Account) -> CapDates:
    """Return when a cap is reached. before: the account of the month before, which tells how days vary."""
    used, alarm = account.used(cap, today.isoformat()), account.reached(cap, today.isoformat())
    reached = tuple(_reached(cap, account))
    told = CapDates(cap, used / MICRO, alarm, reached)
    if cap.period is Period.DAY or reached:
        return told
    days = _whole_days(cap, today, account, before)
    if not days:
        return told
    of_today = _by_day(cap, account).get(today, 0)
    comes = [*_comes(days, of_today, monthrange(today.year, today.month)[1] - today.day)]
    first = (_first(today, (each[side] for each in comes), cap.micro_usd - used) for side in range(3))
    return CapDates(cap, used / MICRO, alarm, reached, len(days), *first)


def _reached(cap: Cap, account: Account) -> Iterator[date]:
    by_day = _by_day(cap, account)
    if cap.period is Period.DAY:
        yield from (day for day, amount in by_day.items() if amount >= cap.micro_usd)
        return
    so_far = zip(by_day, accumulate(by_day.values()), strict=True)
    yield from [day for day, amount in so_far if amount >= cap.micro_usd][:1]


def _by_day(cap: Cap, account: Account) -> Mapping[date, int]:
    """Return what each day that the account knows took of a cap, in order."""
    return {
        date.fromisoformat(day): sum(amount for purse, amount in account.taken[day].items() if cap.covers(purse))
        for day in sorted(account.taken)
    }


def _whole_days(cap: Cap, today: date, account: Account, before: Account) -> list[int]:
    """Return what the last whole days took. Days after one that reached the month's cap tell nothing."""
    by_day = {**_by_day(cap, before), **_by_day(cap, account)}
    ended = next(_reached(cap, before), None)
    first = min(by_day, default=today)
    shown = (first + n * DAY for n in range((today - first).days))
    known = [each for each in shown if ended is None or each <= ended or month_of(str(each)) == account.month]
    return [by_day.get(each, 0) for each in known[-DAYS_SHOWN:]]


def _comes(days: Sequence[int], of_today: int, left: int) -> Iterator[tuple[float, float, float]]:
    """Yield what is taken from now to the end of today, of tomorrow …: as expected, at the most and at the least."""
    mean = fmean(days)
    varies = stdev(days) if len(days) > 1 else mean
    for number in range(left + 1):
        comes = max(0.0, mean - of_today) + mean * number
        off = SURE * varies * sqrt((number + 1) * (1 + (number + 1) / len(days)))
        yield comes, comes + off, comes - off


def _first(today: date, comes: Iterable[float], left: int) -> date | None:
    """Return the first day on which what comes is at least what is left."""
    return next((today + number * DAY for number, each in enumerate(comes) if each >= left), None)


def _reached_said(reached: Sequence[str]) -> str:
    if not reached:
        return "not reached this month"
    if len(reached) == 1:
        return f"reached on {reached[0]}"
    return f"reached on {len(reached)} days of this month, the last {reached[-1]}"
