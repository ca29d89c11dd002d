"""How much was reviewed on the days before those that are reviewed now.

The roll-ups of a camera's days say so, and one request reads them. Verdicts are read themselves of a day that was
marked since it was rolled up, that has no roll-up yet, or whose late verdicts are in none. The marks are read first: a
day that is rolled up meanwhile counts in full.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sightline.models.images import CameraDay
from sightline.services.collaborators import Services
from sightline.services.rollups.figures import tallies_in
from sightline.services.rollups.plan import method_of
from sightline.services.rollups.writing import DAY
from sightline.stats.counts import ReviewedCell
from sightline.stats.strata import StrataRule, Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.stats.windows import days_of
from sightline.storage.dirty_days import Purpose
from sightline.storage.rollups.protocol import Rollup

CARRIED = 7
"""How many days' verdicts count towards what each stratum of a shorter scope lacks: those of the usual window."""

Decided: TypeAlias = Mapping[Stratum, int]


def reviewed_before(cells: Sequence[ReviewedCell], services: Services) -> dict[tuple[str, Stratum], int]:
    """Count by camera and stratum the images that were decided on the days before the scope's."""
    rule = services.accuracy.rule_of(cells[0].cell.label)
    days = _days_before(cells)
    if not days:
        return {}
    first, last = min(each.day for each in days), max(each.day for each in days)
    marked = {each.camera_day for each in services.operations.dirty_days.dirty(Purpose.ROLLUPS, first, last)}
    found: Counter[tuple[str, Stratum]] = Counter()
    for camera in sorted({each.camera for each in days}):
        rolled_up = _rolled_up(camera, rule, first, last, services)
        for day in (each for each in days if each.camera == camera):
            here = None if day in marked else rolled_up.get(day)
            decided = _decided(day, rule.label, services) if here is None else here
            found.update({(camera, stratum): images for stratum, images in decided.items()})
    return {key: images for key, images in found.items() if images}


def _days_before(cells: Sequence[ReviewedCell]) -> list[CameraDay]:
    in_scope = {CameraDay(cell.cell.camera, cell.cell.day) for cell in cells}
    carried = days_of(max(each.day for each in in_scope), CARRIED)
    return [day for camera in {each.camera for each in in_scope} for day in _of(camera, carried) if day not in in_scope]


def _of(camera: str, days: Sequence[str]) -> Iterator[CameraDay]:
    return (CameraDay(camera, day) for day in days)


def _rolled_up(
    camera: str, rule: StrataRule, first: str, last: str, services: Services
) -> dict[CameraDay, Counter[Stratum]]:
    """Return what the roll-ups of a camera's days say, those of all detector versions together."""
    found: defaultdict[CameraDay, list[Rollup]] = defaultdict(list)
    for rollup in services.rollups.between(camera, rule.label, DAY, first, last):
        if rollup.key.method == method_of(rule):
            found[CameraDay(camera, rollup.key.end_day)].append(rollup)
    return {
        day: sum(map(_decided_in, rollups), Counter[Stratum]())
        for day, rollups in found.items()
        if not any(each.late_verdicts for each in rollups)
    }


def _decided_in(rollup: Rollup) -> Counter[Stratum]:
    return Counter({stratum: tally.decided for stratum, tally in tallies_in(rollup.figures["window"]).items()})


def _decided(camera_day: CameraDay, label: str, services: Services) -> Counter[Stratum]:
    """Read a day's verdicts."""
    given = (kept.verdict for kept in services.verdicts.of_day(camera_day))
    counting = {(each.stratum, each.image_id) for each in given if each.stratum and _counts(each, label)}
    return Counter(stratum for stratum, _ in counting)


def _counts(verdict: Verdict, label: str) -> bool:
    return verdict.label == label and verdict.source is Source.SAMPLED and verdict.answer is not Answer.UNSURE
