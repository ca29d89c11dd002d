"""Write rollups: a camera's day, and windows made of such days, each as the next revision of the one stored.

A rollup changes only if its input has changed; each revision states its reason.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sightline.errors import Unavailable
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.services.rollups.cells import Day, ModelCell, cells_of
from sightline.services.rollups.figures import (
    DaySummary,
    Outside,
    day_from_json,
    day_to_json,
    window_figures,
    window_from_json,
    window_to_json,
)
from sightline.services.rollups.plan import AccuracyPlan, method_of
from sightline.stats.counts import review_cell
from sightline.stats.sampling import Cell
from sightline.stats.strata import StrataRule
from sightline.stats.summary import summarise
from sightline.stats.windows import LONGEST_WINDOW_DAYS, WINDOW_DAYS, days_of
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup, RollupKey, RollupStore

DAY = 1
"""The length of the window that is one day."""

OPEN_DAYS = 30
"""How long a day is recomputed for late input, counted from its end or from its first figures if those came later."""


def never(_: CameraDay) -> None:
    """Say that no day was reopened."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Writes rollups, as numbered revisions."""

    rollups: RollupStore
    clock: Callable[[], datetime]
    reopened_at: Callable[[CameraDay], datetime | None] = never

    def is_closed(self, rollup: Rollup) -> bool:
        """Return whether a day's figures are final. A day whose capture times were corrected opens at any age."""
        if not is_closed(rollup, self.clock()):
            return False
        reopened_at = self.reopened_at(CameraDay(rollup.key.camera, rollup.key.end_day))
        return reopened_at is None or (self.clock() - reopened_at).days > OPEN_DAYS

    def write(
        self,
        key: RollupKey,
        before: Rollup | None,
        hashes: tuple[str, str],
        make: Callable[[], Mapping[str, Json]],
    ) -> bool:
        """Write the next revision if the hashes (of population and verdicts) changed; return whether they did.

        Raise Unavailable if another run has written since `before` was read.
        """
        if before and (before.population_hash, before.verdicts_hash) == hashes:
            return False
        now, (population, verdicts), figures = self.clock(), hashes, make()
        revision, opened_at = (before.revision + 1, before.opened_at) if before else (1, now)
        reason = reason_for(before, hashes, figures)
        if not self.rollups.write(Rollup(key, revision, reason, verdicts, population, opened_at, now, figures)):
            raise Unavailable(str(key), rule="another run has written this rollup meanwhile")
        return True


def is_closed(rollup: Rollup, now: datetime) -> bool:
    """Return whether a day's figures are final."""
    since = max(date.fromisoformat(rollup.key.end_day), rollup.opened_at.date())
    return (now.date() - since).days > OPEN_DAYS


def reason_for(before: Rollup | None, hashes: tuple[str, str], figures: Mapping[str, Json]) -> str:
    """Return why a revision was written: `images 120 → 121; reviewed 40 → 43`."""
    if before is None:
        return "first figures"
    old, new = window_from_json(before.figures["window"]), window_from_json(figures["window"])
    changes = []
    if before.population_hash != hashes[0]:
        changes.append(_change("images", old.population, new.population, "images changed"))
    if before.verdicts_hash != hashes[1]:
        changes.append(_change("reviewed", old.reviewed, new.reviewed, "verdicts changed"))
    return "; ".join(changes)


def _change(what: str, old: int, new: int, otherwise: str) -> str:
    return otherwise if old == new else f"{what} {old} → {new}"


def write_day(day: Day, plan: AccuracyPlan, revisions: Revisions) -> int:
    """Write a day's rollups for each watched label if they changed; return the number written.

    A closed day stays as it is: late input is only counted on it.
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
    """Return the day's cells, and an empty one for each detector version whose images are all gone."""
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
    if before and revisions.is_closed(before):
        _note_late(before, cell, revisions)
        return False
    hashes = (cell.population_hash, cell.verdicts_hash)
    return revisions.write(key, before, hashes, lambda: _figures(key, cell, plan))


def _figures(key: RollupKey, cell: ModelCell, plan: AccuracyPlan) -> Mapping[str, Json]:
    summary = DaySummary(summarise(cell.reviewed), cell.outside)
    window = window_figures([summary], plan.target_points, *names_of(key))
    return {"day": day_to_json(summary), "window": window_to_json(window)}


def names_of(key: RollupKey) -> tuple[str, ...]:
    """Return what seeds the random draws of a window."""
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


class DaysOfLabel:
    """The day rollups of one label, read once for each camera."""

    def __init__(self, rule: StrataRule, first_day: str, last_day: str, rollups: RollupStore) -> None:
        self._rule = rule
        self._span = (first_day, last_day)
        self._rollups = rollups
        self._of_camera: dict[str, list[Rollup]] = {}
        self._summaries: dict[RollupKey, DaySummary] = {}

    def known_cameras(self) -> set[str]:
        """Return the cameras that earlier runs found on these days."""
        together = self._rollups.between(ALL_CAMERAS, self._rule.label, DAY, *self._span)
        return {camera for rollup in together for camera in rollup.figures["window"]["cameras"]}

    def of_camera(self, camera: str) -> list[Rollup]:
        """Return a camera's days, in order."""
        return [each for each in self.all_of_camera(camera) if each.key.method == method_of(self._rule)]

    def all_of_camera(self, camera: str) -> list[Rollup]:
        """Return a camera's days, in order, also those of other methods."""
        if camera not in self._of_camera:
            self._of_camera[camera] = list(self._rollups.between(camera, self._rule.label, DAY, *self._span))
        return self._of_camera[camera]

    def summary(self, rollup: Rollup) -> DaySummary:
        """Return a day's summary."""
        if rollup.key not in self._summaries:
            self._summaries[rollup.key] = day_from_json(rollup.figures["day"])
        return self._summaries[rollup.key]


class WindowWriter:
    """Writes the windows of one label that end on some days."""

    def __init__(self, rule: StrataRule, plan: AccuracyPlan, revisions: Revisions) -> None:
        self._rule = rule
        self._plan = plan
        self._revisions = revisions

    def write(self, ends: Mapping[str, Iterable[str]], nights: Iterable[str]) -> int:
        """Write windows whose days changed; return the number written.

        ends: camera → the last days of its windows that may have changed
        nights: last days for the windows of every camera, even one without images
        """
        last_days = sorted({*nights, *(end for days in ends.values() for end in days)})
        if not last_days:
            return 0
        first = days_of(last_days[0], LONGEST_WINDOW_DAYS)[0]
        days = DaysOfLabel(self._rule, first, last_days[-1], self._revisions.rollups)
        cameras = sorted(days.known_cameras() | set(ends))
        due = {camera: {*nights, *ends.get(camera, ())} for camera in cameras}
        written = sum(self._write_camera(camera, [camera], due[camera], days) for camera in cameras)
        return written + self._write_camera(ALL_CAMERAS, cameras, set(last_days), days)

    def _write_camera(self, name: str, cameras: list[str], ends: set[str], days: DaysOfLabel) -> int:
        """Write the windows of one camera, or of all together. One-day windows of a camera are `write_day`'s."""
        if not ends:
            return 0
        lengths = [length for length in WINDOW_DAYS if name == ALL_CAMERAS or length != DAY]
        standing = {
            rollup.key: rollup
            for length in lengths
            for rollup in self._revisions.rollups.between(name, self._rule.label, length, min(ends), max(ends))
        }
        return sum(
            self._write_window(
                RollupKey(name, self._rule.label, length, end, model, method_of(self._rule)), of, standing, days
            )
            for end in sorted(ends)
            for length in lengths
            for model, of in self._by_model(cameras, end, length, days)
        )

    @staticmethod
    def _by_model(cameras: list[str], end: str, length: int, days: DaysOfLabel) -> Iterator[tuple[str, list[Rollup]]]:
        """Group the days of a window by detector version."""
        first = days_of(end, length)[0]
        by_model: defaultdict[str, list[Rollup]] = defaultdict(list)
        for camera in cameras:
            for rollup in days.of_camera(camera):
                if first <= rollup.key.end_day <= end:
                    by_model[rollup.key.model].append(rollup)
        yield from sorted(by_model.items())

    def _write_window(
        self, key: RollupKey, of: list[Rollup], standing: Mapping[RollupKey, Rollup], days: DaysOfLabel
    ) -> bool:
        def make() -> Mapping[str, Json]:
            window = window_figures([days.summary(each) for each in of], self._plan.target_points, *names_of(key))
            return {"window": window_to_json(window)}

        hashes = (
            _joined(f"{each.key.camera} {each.key.end_day} {each.population_hash}" for each in of),
            _joined(f"{each.key.camera} {each.key.end_day} {each.verdicts_hash}" for each in of),
        )
        return self._revisions.write(key, standing.get(key), hashes, make)


def ends_from(day: str, last_day: str) -> list[str]:
    """Return the last days, up to `last_day`, of the windows that contain `day`."""
    first = date.fromisoformat(day)
    ends = [(first + timedelta(days=after)).isoformat() for after in range(LONGEST_WINDOW_DAYS)]
    return [end for end in ends if end <= last_day]


def _joined(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
