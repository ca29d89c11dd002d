"""Read figures back for people: the windows of each camera side by side, and the curves behind one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from sightline.errors import SightlineError
from sightline.services.rollups.figures import DaySummary, WindowFigures, day_from_json, window_from_json
from sightline.services.rollups.plan import AccuracyPlan, method_of
from sightline.services.rollups.writing import DAY, DaysOfLabel
from sightline.stats.curves import CalibrationBin, SweepPoint, calibration, sweep
from sightline.stats.drops import Change, recall_change
from sightline.stats.figures import NotEstimable
from sightline.stats.operating_points import OperatingPoint, operating_points
from sightline.stats.strata import StrataRule
from sightline.stats.summary import BAND_PERCENT
from sightline.stats.windows import LONGEST_WINDOW_DAYS, days_of, evidence_of
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup, RollupStore
from sightline.storage.side_by_side import DoEach

THRESHOLDS_PERCENT = tuple(float(step) for step in range(20, 100, BAND_PERCENT))


class NoFigures(SightlineError):
    """There are no figures for this request."""

    rule = "figures are computed after a capture day has ended"
    remedy = "`sightline status` shows the last run of roll_up_days; name another --day, --camera or --window"


@dataclass(frozen=True, slots=True)
class Row:
    """One window of one camera, or of all together, for one detector version."""

    rollup: Rollup
    window: WindowFigures


@dataclass(frozen=True)
class Report:
    """Rows by camera (all together first) and detector version; the curves belong to `main`."""

    rule: StrataRule
    window_days: int
    end_day: str
    rows: Sequence[Row]
    cameras: Sequence[str]
    _rollups: RollupStore
    _read_each: DoEach = field(default=map, compare=False, repr=False)
    _windows: dict[str, DaysOfLabel] = field(default_factory=dict, compare=False, repr=False)
    """What is read, by the last day: a copy with fewer rows does not read it again."""

    @property
    def late_images(self) -> int:
        """Count the images that came too late to be in any of the figures."""
        return sum(each.late_images for each in self._late)

    @property
    def late_verdicts(self) -> int:
        """Count the verdicts that came too late to be in any of the figures."""
        return sum(each.late_verdicts for each in self._late)

    @cached_property
    def _late(self) -> list[Rollup]:
        of_label = self._of_label(self.end_day)
        return [late for found in self._read_each(of_label.all_of_camera, self.cameras) for late in found]

    @cached_property
    def main(self) -> Row:
        """Return the row that the curves are drawn from: the newest version's, of all cameras together if possible."""
        return max(self.rows, key=lambda row: (row.rollup.key.camera == ALL_CAMERAS, row.rollup.key.end_day))

    @property
    def models(self) -> list[str]:
        """Return the detector versions, in order of their last day."""
        newest = {row.rollup.key.model: row.rollup.key.end_day for row in self.rows}
        return sorted(newest, key=lambda model: (newest[model], model))

    @cached_property
    def days(self) -> list[DaySummary]:
        """Return the camera days of the main row's window, without their hours."""
        return self._days_up_to(self.main.rollup.key.end_day)

    def _of_label(self, end_day: str) -> DaysOfLabel:
        """Return what reads the days of the window that ends on a day, each camera's once."""
        if end_day not in self._windows:
            first = days_of(end_day, self.window_days)[0]
            self._windows[end_day] = DaysOfLabel(self.rule, first, end_day, self._rollups)
        return self._windows[end_day]

    def _days_up_to(self, end_day: str) -> list[DaySummary]:
        of_label = self._of_label(end_day)
        name = self.main.rollup.key.camera
        cameras = sorted(of_label.known_cameras()) if name == ALL_CAMERAS else [name]
        model = self.main.rollup.key.model
        found = [rollup for each in self._read_each(of_label.of_camera, cameras) for rollup in each]
        return [day_from_json(each.figures["day"], with_hours=False) for each in found if each.key.model == model]

    def sweep(self) -> list[SweepPoint]:
        """Return the number of images to look at and of images missed, for other thresholds."""
        return sweep([day.cell for day in self.days], THRESHOLDS_PERCENT, *self._names)

    def operating_points(self, lowest_percent: float = 0.0) -> list[OperatingPoint]:
        """Return precision, recall and missed images for other thresholds; the one in use has the window's figures.

        lowest_percent: below it nothing was asked for, and no threshold is tried
        """
        steps = [step for step in THRESHOLDS_PERCENT if step >= lowest_percent]
        points = operating_points([day.cell for day in self.days], steps, *self._names)
        own = self.main.window.figures
        return [
            replace(point, precision=own.precision, recall=own.recall, missed=own.missed)
            if point.threshold_percent == self.rule.threshold_percent
            else point
            for point in points
        ]

    def calibration(self) -> list[CalibrationBin]:
        """Return how often each confidence was right."""
        return calibration([day.cell for day in self.days], *self._names)

    def line(self) -> list[Row]:
        """Return the main row's window as it was on each of the last 28 days, oldest first, without its hours."""
        key = self.main.rollup.key
        first = days_of(key.end_day, LONGEST_WINDOW_DAYS)[0]
        found = self._rollups.between(key.camera, key.label, key.window_days, first, key.end_day)
        same = [each for each in found if (each.key.model, each.key.method) == (key.model, key.method)]
        return [Row(each, window_from_json({**each.figures["window"], "hours": []})) for each in same]

    def change(self) -> Change | NotEstimable:
        """Compare recall with the previous window, which shares no day with this one."""
        end = date.fromisoformat(self.main.rollup.key.end_day) - timedelta(days=self.window_days)
        before = evidence_of([day.cell.counts for day in self._days_up_to(end.isoformat())])
        after = evidence_of([day.cell.counts for day in self.days])
        return recall_change(before, after, *self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        key = self.main.rollup.key
        return (key.camera, key.label, str(key.window_days), key.end_day, key.model)


def read_report(
    rollups: RollupStore,
    plan: AccuracyPlan,
    label: str,
    camera: str | None,
    window_days: int,
    day: str | None = None,
    read_each: DoEach = map,
) -> Report:
    """Read the windows that end on a day (default: the last one), or before it for a version that ended earlier.

    read_each: how cameras are read. Raise NotWatched, or NoFigures if there are none.
    """
    rule = plan.rule_of(label)
    end_day = day or _last_day(rollups, rule, camera or ALL_CAMERAS, window_days)
    first = days_of(end_day, LONGEST_WINDOW_DAYS)[0]
    together = [] if camera else _newest(rollups, rule, ALL_CAMERAS, window_days, first, end_day)
    cameras = [camera] if camera else sorted({name for row in together for name in row.window.cameras})
    models = frozenset(row.rollup.key.model for row in together)

    def newest(name: str) -> list[Row]:
        return _newest(rollups, rule, name, window_days, first, end_day, models)

    rows = together + [row for of_camera in read_each(newest, cameras) for row in of_camera]
    if not rows:
        raise NoFigures(f"{label}, {camera or 'all cameras'}, {window_days} days up to {end_day}")
    return Report(rule, window_days, end_day, rows, cameras, rollups, read_each)


BEGINNING, END = "0000-00-00", "9999-99-99"


def _last_day(rollups: RollupStore, rule: StrataRule, camera: str, window_days: int) -> str:
    for each in rollups.newest_first(camera, rule.label, window_days, BEGINNING, END):
        if each.key.method == method_of(rule):
            return each.key.end_day
    raise NoFigures(f"{rule.label}, {'all cameras' if camera == ALL_CAMERAS else camera}")


def _newest(
    rollups: RollupStore,
    rule: StrataRule,
    camera: str,
    window_days: int,
    first: str,
    last: str,
    models: frozenset[str] = frozenset(),
) -> list[Row]:
    """Return the last window of each detector version, the newest version last.

    models: the versions that there may be, if they are known: once each is found, no older window is read
    """
    asked = (camera, rule.label, window_days, first, last)
    newest: dict[str, Rollup] = {}
    for each in rollups.newest_first(*asked) if models else reversed([*rollups.between(*asked)]):
        if each.key.method == method_of(rule):
            newest.setdefault(each.key.model, each)
        if models and newest.keys() >= models:
            break
    rows = map(_row, sorted(newest.values(), key=lambda each: (each.key.end_day, each.key.model)))
    return [row for row in rows if row.window.analysed]


def _row(rollup: Rollup) -> Row:
    return Row(rollup, window_from_json(rollup.figures["window"]))


def models_seen(rollups: RollupStore, label: str, last_day: str) -> dict[str, tuple[str, str]]:
    """Return first and last day of each detector version over the 28 days up to a day, oldest first."""
    first = days_of(last_day, LONGEST_WINDOW_DAYS)[0]
    seen: dict[str, tuple[str, str]] = {}
    for rollup in rollups.between(ALL_CAMERAS, label, DAY, first, last_day):
        begun, _ = seen.get(rollup.key.model, (rollup.key.end_day, ""))
        seen[rollup.key.model] = (begun, rollup.key.end_day)
    return seen
