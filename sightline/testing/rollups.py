"""The in-memory fake of the store of rollups."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock

from typing_extensions import override

from sightline.models.images import CameraDay
from sightline.storage.rollups.protocol import HourCounts, Rollup, RollupKey, RollupStore


class InMemoryRollupStore(RollupStore):
    """A store of rollups for tests. `writes` counts those that changed something. Threads may share it."""

    def __init__(self) -> None:
        self._rollups: dict[RollupKey, Rollup] = {}
        self._late: dict[RollupKey, tuple[int, int]] = {}
        self._hours: dict[CameraDay, tuple[datetime, Mapping[str, HourCounts]]] = {}
        self._lock = Lock()
        self.writes = 0

    @override
    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    @override
    def get(self, key: RollupKey) -> Rollup | None:
        found = self._rollups.get(key)
        return found and self._with_late(found)

    @override
    def write(self, rollup: Rollup) -> bool:
        kept = replace(rollup, figures=json.loads(json.dumps(rollup.figures)))
        with self._lock:
            standing = self._rollups.get(rollup.key)
            if standing == kept:
                return True
            if (standing.revision if standing else 0) != rollup.revision - 1:
                return False
            self._rollups[rollup.key] = kept
            self.writes += 1
            return True

    @override
    def between(self, camera: str, label: str, window_days: int, first_day: str, last_day: str) -> Iterator[Rollup]:
        yield from self._windows((camera, label, window_days), first_day, last_day)

    @override
    def newest_first(
        self, camera: str, label: str, window_days: int, first_day: str, last_day: str
    ) -> Iterator[Rollup]:
        yield from self._windows((camera, label, window_days), first_day, last_day)[::-1]

    def _windows(self, wanted: tuple[str, str, int], first_day: str, last_day: str) -> list[Rollup]:
        found = [key for key in self._rollups if (key.camera, key.label, key.window_days) == wanted]
        inside = [key for key in found if first_day <= key.end_day <= last_day]
        inside.sort(key=lambda key: (key.end_day, key.model, key.method))
        return [self._with_late(self._rollups[key]) for key in inside]

    def _with_late(self, rollup: Rollup) -> Rollup:
        images, verdicts = self._late.get(rollup.key, (0, 0))
        return replace(rollup, late_images=images, late_verdicts=verdicts)

    @override
    def note_late(self, key: RollupKey, images: int, verdicts: int) -> None:
        if key in self._rollups:
            self._late[key] = (images, verdicts)

    @override
    def keep_hour_counts(self, day: CameraDay, read_at: datetime, counts: Mapping[str, HourCounts]) -> bool:
        with self._lock:
            if day in self._hours and self._hours[day][0] > read_at:
                return False
            self._hours[day] = (read_at, {label: dict(each) for label, each in counts.items()})
            return True

    @override
    def hour_counts(
        self, label: str, first_day: str, last_day: str, camera: str | None = None
    ) -> Iterator[tuple[CameraDay, HourCounts]]:
        for day in sorted(self._hours, key=lambda day: (day.day, day.camera)):
            counts = self._hours[day][1]
            if label in counts and camera in {None, day.camera} and first_day <= day.day <= last_day:
                yield day, counts[label]
