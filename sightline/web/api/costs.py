"""Cost: what Rekognition was paid, as a range where calls ended unknown."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.spending import Line
from sightline.services.cap_dates import read_cap_dates
from sightline.services.costs import Amount, Priced, of_cameras, read_costs, sums
from sightline.services.need_estimate import read_estimate
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of

router = APIRouter(route_class=GuardedRoute)


class AmountShape(BaseModel):
    """US dollars."""

    usd: float
    usd_at_most: float = Field(description="with every call that ended unknown, which may have been billed")


class ForecastShape(BaseModel):
    """What this month comes to if it goes on, in US dollars."""

    usd: float = Field(description="as expected")
    usd_at_least: float
    usd_at_most: float


class CapShape(BaseModel):
    """When a cap is reached, by UTC days."""

    taken_usd: float = Field(description="what counts against it")
    alarm_percent: int = Field(description="the highest of 50, 80 and 100 that is reached; 0: none")
    reached_on: list[date] = Field(description="days of this month; of a cap by month at most one")
    expected_on: date | None = Field(description="if it goes on; null: not this month, or a cap by day")
    earliest_on: date | None
    latest_on: date | None
    expected_from_days: int = Field(description="whole days by which that is expected; 0: nothing is known yet")


class SparedShape(BaseModel):
    """What paying by need saved and missed of one feature, in the last four weeks of captures."""

    images: int = Field(description="that were not asked for it")
    saved_usd: float
    compared: int = Field(description="images of the control slice by which it is told what was missed")
    missed: float | None = Field(description="images on which something was missed; null if it cannot be estimated")
    missed_low: float
    missed_high: float
    reason: str | None = Field(description="why it cannot be estimated")


class CostAnswer(BaseModel):
    """What was paid, by UTC day and by feature."""

    prices_as_of: date | None = Field(description="null if this region has no prices")
    prices_region: str
    today: dict[str, AmountShape] = Field(description="by feature")
    month: dict[str, AmountShape] = Field(description="by feature")
    by_lane: dict[str, AmountShape] = Field(description="of this month; empty where it is not known")
    by_reason: dict[str, AmountShape] = Field(description="of this month: why it was billed")
    by_camera: dict[str, AmountShape] = Field(description="of this month; empty where a key names none")
    days: dict[date, AmountShape] = Field(description="the last 28, and this month's")
    unknown_calls: int = Field(description="of this month")
    forecast: ForecastShape | None = Field(description="of this month; null before the first whole day")
    by_need: dict[str, SparedShape] = Field(description="by feature; empty without SIGHTLINE_NEED, or if not known yet")
    caps: dict[str, CapShape] = Field(description="each cap of SIGHTLINE_BUDGET")


@router.get("/cost")
@for_roles(Role.OPERATOR)
def get_cost(request: Request) -> CostAnswer:
    """Return today's and this month's cost, by day and by feature, and what the month comes to if it goes on."""
    console = console_of(request)
    prices = console.services.prices
    costs = read_costs(console.services.operations, prices, console.now.date())
    first, last = console.now.date().replace(day=1).isoformat(), console.now.date().isoformat()
    parted = of_cameras(costs, console.services.operations.books.read_cameras(first, last))
    estimate = read_estimate(console.services)
    return CostAnswer(
        prices_as_of=prices.as_of,
        prices_region=prices.region,
        today={name: _shape(each) for name, each in costs.today.items()},
        month={name: _shape(each) for name, each in costs.month.items()},
        by_lane=_shapes(costs.lines, lambda line: line.lane),
        by_reason=_shapes(costs.lines, lambda line: str(line.reason)),
        by_camera=_shapes(parted, lambda line: line.camera),
        days={day: _shape(each) for day, each in costs.days.items()},
        unknown_calls=costs.unknown,
        forecast=ForecastShape(**asdict(costs.forecast)) if costs.forecast else None,
        by_need={name: SparedShape(**each) for name, each in estimate.features.items()} if estimate else {},
        caps={str(each.cap): CapShape(**each.as_json) for each in read_cap_dates(console.services.treasury)},
    )


def _shapes(priced: Priced, by: Callable[[Line], str]) -> dict[str, AmountShape]:
    return {name: _shape(each) for name, each in sums(priced, by).items()}


def _shape(amount: Amount) -> AmountShape:
    return AmountShape(usd=round(amount.usd, 6), usd_at_most=round(amount.usd_at_most, 6))
