"""The figures of windows, of a camera and of all cameras together, made of the summaries of their days."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from sightline.models.answers import Json
from sightline.services.rollups.as_json import day_from_json, window_to_json
from sightline.services.rollups.days import DAY, names_of
from sightline.services.rollups.figures import DaySummary, window_figures
from sightline.services.rollups.plan import AccuracyPlan, method_of
from sightline.services.rollups.revisions import Revisions
from sightline.stats.strata import StrataRule
from sightline.stats.windows import WINDOW_DAYS, days_of
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup, RollupKey, RollupStore

LONGEST = max(WINDOW_DAYS)


class DaysOfLabel:
    """The day rollups of one label, read once for each camera."""

    def __init__(self, rule: StrataRule, first_day: str, last_day: str, rollups: RollupStore) -> None:
        self._rule = rule
        self._span = (first_day, last_day)
        self._rollups = rollups
        self._of_camera: dict[str, list[Rollup]] = {}
        self._summaries: dict[RollupKey, DaySummary] = {}

    def known_cameras(self) -> set[str]:
        """Name the cameras that earlier runs have found on these days."""
        together = self._rollups.between(ALL_CAMERAS, self._rule.label, DAY, *self._span)
        return {camera for rollup in together for camera in rollup.figures["window"]["cameras"]}

    def of_camera(self, camera: str) -> list[Rollup]:
        """Give a camera's days, in order."""
        if camera not in self._of_camera:
            found = self._rollups.between(camera, self._rule.label, DAY, *self._span)
            self._of_camera[camera] = [each for each in found if each.key.method == method_of(self._rule)]
        return self._of_camera[camera]

    def summary(self, rollup: Rollup) -> DaySummary:
        """Read a day's summary."""
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
        """Write windows where their days changed; count what was written.

        ends: camera → the last days of its windows that may have changed; nights: the days that every camera's windows
        shall end on, whether it had images or not.
        """
        last_days = sorted({*nights, *(end for days in ends.values() for end in days)})
        if not last_days:
            return 0
        first = days_of(last_days[0], LONGEST)[0]
        days = DaysOfLabel(self._rule, first, last_days[-1], self._revisions.rollups)
        cameras = sorted(days.known_cameras() | set(ends))
        due = {camera: {*nights, *ends.get(camera, ())} for camera in cameras}
        written = sum(self._write_camera(camera, [camera], due[camera], days) for camera in cameras)
        return written + self._write_camera(ALL_CAMERAS, cameras, set(last_days), days)

    def _write_camera(self, name: str, cameras: list[str], ends: set[str], days: DaysOfLabel) -> int:
        """Write the windows of a camera, or of all: a camera's single days are written with its summaries."""
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
        """Part the days of a window by the version of the detector."""
        first = days_of(end, length)[0]
        parts: defaultdict[str, list[Rollup]] = defaultdict(list)
        for camera in cameras:
            for rollup in days.of_camera(camera):
                if first <= rollup.key.end_day <= end:
                    parts[rollup.key.model].append(rollup)
        yield from sorted(parts.items())

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
    """Name the last days, up to `last_day`, of the windows that hold `day`."""
    first = date.fromisoformat(day)
    ends = [(first + timedelta(days=after)).isoformat() for after in range(LONGEST)]
    return [end for end in ends if end <= last_day]


def _joined(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
