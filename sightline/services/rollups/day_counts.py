"""How many pictures each day has, and how many of them the detector found a label in: for a calendar."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sightline.models.answers import Json
from sightline.services.rollups.figures import tallies_in, unanalysed_in
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
    by_day: defaultdict[str, list[Mapping[str, Json]]] = defaultdict(list)
    for each in rollups.between(ALL_CAMERAS, rule.label, DAY, first_day, last_day):
        if each.key.method == method_of(rule):
            by_day[each.key.end_day].append(each.figures["window"])
    return {day: _count(of_day) for day, of_day in by_day.items()}


def _count(of_models: list[Mapping[str, Json]]) -> DayCount:
    """Join a day's windows by detector version. Each of them has all of the day's unanalysed pictures beside it."""
    tallies = [tallies_in(each) for each in of_models]
    analysed = sum(tally.population for each in tallies for tally in each.values())
    unanalysed = max(map(unanalysed_in, of_models))
    return DayCount(analysed + unanalysed, sum(each[Stratum.A].population for each in tallies if Stratum.A in each))
