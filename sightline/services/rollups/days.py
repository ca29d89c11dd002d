"""A camera's day in the rollups: its summary, from which windows are made, and its own figures."""

from collections.abc import Mapping

from sightline.models.answers import Json
from sightline.services.rollups.as_json import day_from_json, day_to_json, window_to_json
from sightline.services.rollups.cells import Day, ModelCell, cells_of
from sightline.services.rollups.figures import DaySummary, window_figures
from sightline.services.rollups.outside import Outside
from sightline.services.rollups.plan import AccuracyPlan, method_of
from sightline.services.rollups.revisions import Revisions, is_closed
from sightline.stats.counts import review_cell
from sightline.stats.sampling import Cell
from sightline.stats.strata import StrataRule
from sightline.stats.summary import summarise
from sightline.storage.rollups.protocol import Rollup, RollupKey

DAY = 1
"""The length of the window that is one day."""


def write_day(day: Day, plan: AccuracyPlan, revisions: Revisions) -> int:
    """Write a day's rollups for each watched label where they changed; count what was written.

    A day that is closed stays as it is: what came late is noted on it.
    """
    return sum(
        _write_cell(cell, rule, standing.get(cell.model), plan, revisions)
        for rule in plan.rules
        for standing in [_standing(day, rule, revisions)]
        for cell in _with_emptied(day, rule, plan, standing)
    )


def _standing(day: Day, rule: StrataRule, revisions: Revisions) -> dict[str, Rollup]:
    where = day.camera_day
    found = revisions.rollups.between(where.camera, rule.label, DAY, where.day, where.day)
    return {rollup.key.model: rollup for rollup in found if rollup.key.method == method_of(rule)}


def _with_emptied(day: Day, rule: StrataRule, plan: AccuracyPlan, standing: Mapping[str, Rollup]) -> list[ModelCell]:
    """Give the cells there are, and an empty one where all images of a version have gone."""
    cells = cells_of(day, rule, plan)
    cell = Cell(day.camera_day.camera, rule.label, day.camera_day.day)
    left = sorted(set(standing) - {each.model for each in cells})
    return cells + [
        ModelCell(model, review_cell(plan.salt, cell, [], {}), Outside(), "empty", "empty") for model in left
    ]


def _write_cell(
    cell: ModelCell, rule: StrataRule, before: Rollup | None, plan: AccuracyPlan, revisions: Revisions
) -> bool:
    where = cell.reviewed.cell
    key = RollupKey(where.camera, where.label, DAY, where.day, cell.model, method_of(rule))
    if before and is_closed(before, revisions.clock()):
        _note_late(before, cell, revisions)
        return False
    hashes = (cell.population_hash, cell.verdicts_hash)
    return revisions.write(key, before, hashes, lambda: _figures(key, cell, plan))


def _figures(key: RollupKey, cell: ModelCell, plan: AccuracyPlan) -> Mapping[str, Json]:
    summary = DaySummary(summarise(cell.reviewed), cell.outside)
    window = window_figures([summary], plan.target_points, *names_of(key))
    return {"day": day_to_json(summary), "window": window_to_json(window)}


def names_of(key: RollupKey) -> tuple[str, ...]:
    """Give what seeds the draws of a window."""
    return (key.camera, key.label, str(key.window_days), key.end_day, key.model, key.method)


def _note_late(closed: Rollup, cell: ModelCell, revisions: Revisions) -> None:
    then = day_from_json(closed.figures["day"])
    images = len(cell.reviewed.candidates) - sum(t.population for t in then.cell.counts.tallies.values())
    verdicts = cell.outside.given - then.outside.given
    revisions.rollups.note_late(
        closed.key,
        max(images, int(cell.population_hash != closed.population_hash)),
        max(verdicts, int(cell.verdicts_hash != closed.verdicts_hash)),
    )
