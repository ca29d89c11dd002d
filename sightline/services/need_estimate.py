"""The scheduled task that works out what paying by need saved and missed, for those who look at a page or a metric.

It reads every image of four weeks: too much for somebody who waits, and for each scrape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.services.need_report import Spared, what_was_spared
from sightline.stats.figures import Interval

log = structlog.get_logger()

NAME = "estimate_need"

DAYS = 28

KEPT_FOR = timedelta(days=2)
"""Figures that are older are not shown: the task has not run for long."""


class RunIsOver(Exception):
    """The time of a run is up."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was saved and missed on these capture days, by feature, as `facts_of` says it."""

    first_day: str
    last_day: str
    features: Mapping[str, Mapping[str, Json]]


def span(today: date, days: int) -> tuple[date, date]:
    """Return so many capture days up to today. In the time zone of a camera it may be tomorrow."""
    last = today + timedelta(days=1)
    return last - timedelta(days=days), last


def run_estimate(run: LeasedRun, services: Services) -> dict[str, Json]:
    """Work the figures out and keep them; return how many features are paid for by need, or that time was short."""
    if services.plan.need is None:
        return {}

    def tell() -> None:
        if not run.goes_on():
            raise RunIsOver

    first, last = (day.isoformat() for day in span(services.clock().date(), DAYS))
    try:
        found = what_was_spared(first, last, services.plan.need, services, tell)
    except RunIsOver:
        log.warning("There are too many images to say in time what paying by need saved: `sightline need` takes longer")
        return {"cut": True}
    facts = {name: facts_of(each) for name, each in found.items()}
    services.operations.checkpoints.keep(NAME, {"first_day": first, "last_day": last, "features": facts}, KEPT_FOR)
    return {"features": len(facts)}


def read_estimate(services: Services) -> Estimate | None:
    """Return what was last worked out; None where images are not paid for by need, or it is not known yet."""
    if services.plan.need is None:
        return None
    kept = services.operations.checkpoints.get(NAME)
    return Estimate(**kept) if kept else None


def facts_of(spared: Spared) -> dict[str, Json]:
    """Return one feature's figures for programs. reason: why `missed` is not estimated; its bounds hold even so."""
    saved: dict[str, Json] = {
        "images": spared.images,
        "saved_usd": spared.saved_micro_usd / 1e6,
        "compared": spared.compared,
    }
    figure = spared.missed
    if isinstance(figure, Interval):
        return saved | {"missed": figure.median, "missed_low": figure.low, "missed_high": figure.high, "reason": None}
    return saved | {"missed": None, "missed_low": 0.0, "missed_high": figure.at_most, "reason": figure.reason}


def missed_said(facts: Mapping[str, Json]) -> str:
    """Say on how many images something was missed."""
    if facts["missed"] is None:
        return f"at most {facts['missed_high']:.0f}: {facts['reason']}"
    return f"{facts['missed']:.0f} ({facts['missed_low']:.0f} to {facts['missed_high']:.0f})"
