"""`sightline cost`: what Rekognition was paid this month, for what, and what the month comes to."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.models.spending import Line, Spent
from sightline.rekognition.prices import Prices
from sightline.services.cap_dates import CapDates, read_cap_dates
from sightline.services.costs import (
    Amount,
    Costs,
    Priced,
    by_feature,
    of_cameras,
    read_costs,
    sums,
    total,
)
from sightline.services.status_tables import usd

BY: Mapping[str, Callable[[Line], str]] = {
    "day": lambda line: line.day,
    "feature": by_feature,
    "camera": lambda line: line.camera or "(none)",
    "lane": lambda line: line.lane or "(not known)",
    "reason": lambda line: str(line.reason),
}
"""What amounts are summed by."""


@click.command()
@click.option("--by", "ways", type=click.Choice([*BY]), multiple=True, help="Only this table; may be given again.")
@json_option
@click.pass_obj
def cost(factory: Factory, *, ways: tuple[str, ...], as_json: bool) -> None:
    """Show this month's cost by day, feature, camera, lane and reason, and a forecast. Days and months are UTC's.

    Of each cap of SIGHTLINE_BUDGET it says when it was reached, or is expected to be if it goes on, as a range.

    It is counted from the ledger's changes, a minute behind them. An amount is a range where calls ended unknown, or
    are still under way: each may have been billed.
    """
    services, chosen = factory.services, ways or tuple(BY)
    today = services.clock().date()
    costs = read_costs(services.operations, services.prices, today)
    first, last = today.replace(day=1).isoformat(), today.isoformat()
    cameras = services.operations.books.read_cameras(first, last) if "camera" in chosen else {}
    tables = {way: sums(_lines(way, costs, cameras), BY[way]) for way in chosen}
    caps = read_cap_dates(services.treasury)
    if as_json:
        print_json(_facts(costs, tables, services.prices) | {"caps": {str(each.cap): each.as_json for each in caps}})
        return
    _print(costs, services.prices, caps)
    for way, table in tables.items():
        print_table(f"this month by {way}", (way, "USD"), [(name, _usd(each)) for name, each in table.items()])
    _print_notes(costs, services.prices)


def _lines(way: str, costs: Costs, cameras: Spent) -> Priced:
    return of_cameras(costs, cameras) if way == "camera" else costs.lines


def _facts(costs: Costs, tables: Mapping[str, Mapping[str, Amount]], prices: Prices) -> dict[str, Any]:
    return {
        "today": _plain(total(costs.today)),
        "month": _plain(total(costs.month)),
        "forecast": costs.forecast and {name: round(each, 6) for name, each in asdict(costs.forecast).items()},
        "forecast_refused": costs.unpriced,
        "unknown_calls": costs.unknown,
        "region": prices.region,
        "prices_as_of": prices.as_of and prices.as_of.isoformat(),
        "free_tier": dict(prices.free),
        **{f"by_{way}": {name: _plain(each) for name, each in table.items()} for way, table in tables.items()},
    }


def _plain(amount: Amount) -> dict[str, float]:
    return {name: round(each, 6) for name, each in asdict(amount).items()}


def _print(costs: Costs, prices: Prices, caps: list[CapDates]) -> None:
    rows = [("today so far", _usd(total(costs.today))), ("this month", _usd(total(costs.month)))]
    rows.append(("the whole month, if it goes on", _forecast(costs)))
    print_table(f"cost in USD, list prices for {prices.region} as of {prices.as_of}", ("", ""), rows)
    if caps:
        of_caps = [
            (str(each.cap), f"{each.taken_usd:.2f}", f"{each.share_percent:.0f} %", each.said()) for each in caps
        ]
        print_table("caps", ("cap", "USD taken", "of it", "when it is reached"), of_caps)


def _print_notes(costs: Costs, prices: Prices) -> None:
    if costs.unknown:
        click.echo(f"{costs.unknown:,} calls ended unknown: each may have been billed, so amounts are ranges.")
    if prices.free:
        free = ", ".join(f"{name} {units:,}" for name, units in sorted(prices.free.items()))
        click.echo(f"Not counted, since AWS gives them for nothing each month: {free}.")


def _forecast(costs: Costs) -> str:
    if costs.forecast is None:
        return costs.unpriced or "known after the first whole day"
    days = f"{costs.mean_days} whole day{'' if costs.mean_days == 1 else 's'}"
    return f"{costs.forecast.usd:.2f} ({costs.forecast.usd_at_least:.2f} to {costs.forecast.usd_at_most:.2f}; {days})"


def _usd(amount: Amount) -> str:
    return usd(amount.usd, amount.usd_at_most)
