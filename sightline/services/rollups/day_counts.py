"""How many pictures each day has, and how many of them the detector found a label in: for a calendar."""

from collections import defaultdict
from dataclasses import dataclass

from sightline.services.rollups.figures import WindowFigures, window_from_json
from sightline.services.rollups.plan import method_of
from sightline.services.rollups.writing import DAY
from sightline.stats.strata import StrataRule, Stratum
from sightline.storage.rollups.protocol import ALL_CAMERAS, RollupStore


@dataclass(frozen=True, slots=True)
class DayCount:
    """A day of all cameras together. found: pictures that show the label from its threshold up."""

    pictures: int
    found: int


def day_counts(rollups: RollupStore, rule: StrataRule, first_day: str, last_day: str) -> dict[str, DayCount]:
    """Return the days first to last that have ended and been counted, in one read."""
    by_day: defaultdict[str, list[WindowFigures]] = defaultdict(list)
    for each in rollups.between(ALL_CAMERAS, rule.label, DAY, first_day, last_day):
        if each.key.method == method_of(rule):
            without_hours = {**each.figures["window"], "hours": []}  # hours are most of a window, and not counted here
            by_day[each.key.end_day].append(window_from_json(without_hours))
    return {day: _count(of_day) for day, of_day in by_day.items()}


def _count(of_models: list[WindowFigures]) -> DayCount:
    """Join a day's figures by detector version. Each of them has all of the day's unanalysed pictures beside it."""
    analysed = sum(each.analysed for each in of_models)
    unanalysed = max(each.outside.unanalysed for each in of_models)
    return DayCount(analysed + unanalysed, sum(each.tallies[Stratum.A].population for each in of_models))
