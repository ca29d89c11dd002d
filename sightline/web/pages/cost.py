"""What Rekognition cost: today, this month, by day and feature, and what the month comes to if it goes on."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sightline.services.cap_dates import read_cap_dates
from sightline.services.costs import Amount, of_cameras, read_costs, sums, total
from sightline.services.need_estimate import Estimate, missed_said, read_estimate
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.charts import drawn
from sightline.web.console import console_of
from sightline.web.cost_chart import NARROW_WIDTH, WIDTH, cost_chart
from sightline.web.rendering import page
from sightline.web.times import short_day

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/cost")
@for_roles(Role.OPERATOR)
def show_cost(request: Request) -> Response:
    """Show the cost, as a range where calls ended unknown."""
    console = console_of(request)
    costs = read_costs(console.services.operations, console.services.prices, console.now.date())
    first, last = console.now.date().replace(day=1).isoformat(), console.now.date().isoformat()
    parted = of_cameras(costs, console.services.operations.books.read_cameras(first, last))
    features = [
        (name, shown(costs.today.get(name, Amount(0.0, 0.0))), shown(amount)) for name, amount in costs.month.items()
    ]
    return page(
        request,
        "cost.html",
        costs=costs,
        today=shown(total(costs.today)),
        month=shown(total(costs.month)),
        forecast=shown(Amount(costs.forecast.usd_at_least, costs.forecast.usd_at_most)) if costs.forecast else None,
        caps=[
            (str(each.cap), f"{each.taken_usd:,.2f}", f"{each.share_percent:.0f} %", each.said(short_day))
            for each in read_cap_dates(console.services.treasury)
        ],
        need=_need(read_estimate(console.services)),
        by_need=console.services.plan.need is not None,
        features=features,
        lanes=[(name or "not known", shown(each)) for name, each in sums(costs.lines, lambda line: line.lane).items()],
        reasons=[(name, shown(each)) for name, each in sums(costs.lines, lambda line: str(line.reason)).items()],
        cameras=[(name or "none", shown(each)) for name, each in sums(parted, lambda line: line.camera).items()],
        days=[(day.isoformat(), shown(amount)) for day, amount in reversed([*costs.days.items()])],
        charts=[drawn(cost_chart(costs.days, "Cost by day in USD", width)) for width in (WIDTH, NARROW_WIDTH)],
        prices=console.services.prices,
    )


def _need(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return what paying by need saved and missed, for the template; None if it is not known."""
    if estimate is None:
        return None
    rows = [
        (name, f"{each['images']:,}", shown(Amount(each["saved_usd"], each["saved_usd"])), missed_said(each))
        for name, each in estimate.features.items()
    ]
    return {"first": estimate.first_day, "last": estimate.last_day, "rows": rows}


def shown(amount: Amount) -> str:
    """Return an amount to a hundredth of a cent if it is small, and as a range if it is one."""
    low, high = (_digits(each) for each in (amount.usd, amount.usd_at_most))
    return low if low == high else f"{low} to {high}"


def _digits(usd: float) -> str:
    return f"{usd:,.2f}" if usd >= 1 or usd == 0 else f"{usd:.4f}"
