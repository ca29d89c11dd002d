"""The hourly rollup task: recompute the days and windows that changed, and add each day that has ended.

1. Read each marked camera day that has ended, count what each hour shows, and write its summary if it changed.
2. Write the windows that contain such a day, and those that end on days that have ended since the last run.
3. Only then remove the marks. If a run dies before, the next one repeats it, and finds most of it unchanged.

What is due follows from the marks and from the last completed night, not from how often beat called: missed nights are
caught up once.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from sightline.models.answers import Json
from sightline.models.images import CameraDay, Lane
from sightline.queues.steps import Step
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun, run_under_lease
from sightline.services.rollups.cells import read_day
from sightline.services.rollups.hour_counts import keep_hour_counts
from sightline.services.rollups.writing import Revisions, WindowWriter, ends_from, write_day
from sightline.stats.windows import LONGEST_WINDOW_DAYS
from sightline.storage.dirty_days import DirtyDay, Purpose

NAME = "roll_up_days"
AGAIN = Step(NAME, (), "operations", Lane.LIVE)

SETTLE = timedelta(seconds=5)
"""The wait between reading marks and reading days: an index may show a verdict this long after its mark."""

DAYS_LAST = timedelta(seconds=50)
"""How long a run reads days; the rest of its time is for their windows."""

REMEMBERED = timedelta(days=400)
"""How long the last completed night is remembered if nothing runs."""


class RollUp:
    """One run. `is_complete`: nothing was left for lack of time."""

    def __init__(self, services: Services, last_day: str | None = None) -> None:
        """last_day: the last day that counts as ended; default: by the calendar."""
        self.is_complete = True
        self._services = services
        self._plan = services.accuracy
        reopened_at = services.operations.dirty_days.reopened_at
        self._revisions = Revisions(services.rollups, services.clock, reopened_at)
        self._last_day = last_day or self._plan.last_ended_day(services.clock())

    def do(self, goes_on: Callable[[], bool]) -> Mapping[str, Json]:
        """Compute the figures that are due, as time permits; return how many days were read and rollups written."""
        waiting = [
            mark for mark in self._services.operations.dirty_days.dirty(Purpose.ROLLUPS) if self._has_ended(mark)
        ]
        if waiting:
            self._services.stopping.wait(SETTLE.total_seconds())
        done, written = self._days(waiting, goes_on)
        self.is_complete = len(done) == len(waiting)
        nights = self._nights() if self.is_complete else []
        written += self._windows(done, nights, goes_on)
        if self.is_complete and nights:
            self._services.operations.checkpoints.keep(NAME, {"last_day": self._last_day}, REMEMBERED)
        return {"days": len(done), "nights": len(nights), "written": written, "left": len(waiting) - len(done)}

    def _has_ended(self, mark: DirtyDay) -> bool:
        return mark.camera_day.day <= self._last_day

    def _days(self, waiting: list[DirtyDay], goes_on: Callable[[], bool]) -> tuple[list[DirtyDay], int]:
        services, until = self._services, self._services.clock() + DAYS_LAST
        done: list[DirtyDay] = []
        written = 0
        for mark in sorted(
            waiting, key=lambda mark: mark.camera_day.day, reverse=True
        ):  # people look at the newest first
            if not goes_on() or services.clock() >= until:
                break
            written += self._day(mark.camera_day)
            done.append(mark)
        return done, written

    def _day(self, camera_day: CameraDay) -> int:
        services, read_at = self._services, self._services.clock()
        day = read_day(camera_day, services.images, services.verdicts)
        keep_hour_counts(day, read_at, [rule.label for rule in self._plan.rules], services.rollups)
        return write_day(day, self._plan, self._revisions)

    def _nights(self) -> list[str]:
        """Return the days that have ended since the last complete run, at most as many as the longest window."""
        kept = self._services.operations.checkpoints.get(NAME)
        last = date.fromisoformat(self._last_day)
        longest_ago = last - timedelta(days=LONGEST_WINDOW_DAYS)
        before = max(date.fromisoformat(kept["last_day"]), longest_ago) if kept else last - timedelta(days=1)
        return [(before + timedelta(days=n)).isoformat() for n in range(1, (last - before).days + 1)]

    def _windows(self, done: list[DirtyDay], nights: list[str], goes_on: Callable[[], bool]) -> int:
        """Write the windows of each label, then remove the marks. If time runs out, all marks stay."""
        ends: defaultdict[str, set[str]] = defaultdict(set)
        for mark in done:
            ends[mark.camera_day.camera].update(ends_from(mark.camera_day.day, self._last_day))
        written = 0
        for rule in self._plan.rules:
            if not goes_on():
                self.is_complete = False
                return written
            written += WindowWriter(rule, self._plan, self._revisions).write(ends, nights)
        for mark in done:
            self._services.operations.dirty_days.clean(mark)
        return written


def roll_up_now(services: Services, camera_days: set[CameraDay]) -> Mapping[str, Json]:
    """Compute the figures of these days now, even if they have not ended, as the demonstration needs."""
    services.operations.dirty_days.mark(camera_days, [Purpose.ROLLUPS])
    return RollUp(services, max(each.day for each in camera_days)).do(lambda: True)


def run_roll_up(run: RollUp, services: Services) -> bool:
    """Do a run under the lease; return whether something was left for lack of time."""

    def work(leased: LeasedRun) -> Mapping[str, Json]:
        return run.do(leased.goes_on)

    return run_under_lease(NAME, services, work) and not run.is_complete
