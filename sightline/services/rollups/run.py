"""Roll up: what is due, and in which order. The hourly task; by day it makes anew what changed, by night the new day.

1. Each marked camera day that has ended is read, and its summary written where it changed.
2. The windows that hold such a day are written, and those that end on days that have ended since the last run.
3. Only then go the marks. Whoever dies before does it again, and finds most of it unchanged.

What is due follows from marks and from the last night that was done, not from how often beat called: a night that was
missed is caught up once.
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
from sightline.services.rollups.days import write_day
from sightline.services.rollups.revisions import Revisions
from sightline.services.rollups.windows import WindowWriter, ends_from
from sightline.stats.windows import WINDOW_DAYS
from sightline.storage.dirty_days import DirtyDay, Purpose

NAME = "roll_up_days"
AGAIN = Step(NAME, (), "operations", Lane.LIVE)

SETTLE = timedelta(seconds=5)
"""Between reading the marks and reading the days: an index may show a verdict that much later than its mark."""

DAYS_LAST = timedelta(seconds=50)
"""How long a run reads days: the rest of its time is for their windows."""

REMEMBERED = timedelta(days=400)
"""How long the last night is remembered when nothing runs."""


class RollUp:
    """One run. `is_complete`: nothing was left for want of time."""

    def __init__(self, services: Services, last_day: str | None = None) -> None:
        """Take the services, and the last day that counts as ended where it is not the calendar's."""
        self.is_complete = True
        self._s = services
        self._plan = services.accuracy
        self._revisions = Revisions(services.rollups, services.clock)
        self._last_day = last_day or self._plan.last_ended_day(services.clock())

    def do(self, goes_on: Callable[[], bool]) -> Mapping[str, Json]:
        """Make the figures that are due, as far as time goes; say how many days were read and rollups written."""
        waiting = [mark for mark in self._s.operations.dirty_days.dirty(Purpose.ROLLUPS) if self._has_ended(mark)]
        if waiting:
            self._s.stopping.wait(SETTLE.total_seconds())
        done, written = self._days(waiting, goes_on)
        self.is_complete = len(done) == len(waiting)
        nights = self._nights() if self.is_complete else []
        written += self._windows(done, nights, goes_on)
        if self.is_complete and nights:
            self._s.operations.checkpoints.keep(NAME, {"last_day": self._last_day}, REMEMBERED)
        return {"days": len(done), "nights": len(nights), "written": written, "left": len(waiting) - len(done)}

    def _has_ended(self, mark: DirtyDay) -> bool:
        return mark.camera_day.day <= self._last_day

    def _days(self, waiting: list[DirtyDay], goes_on: Callable[[], bool]) -> tuple[list[DirtyDay], int]:
        s, until = self._s, self._s.clock() + DAYS_LAST
        done: list[DirtyDay] = []
        written = 0
        for mark in sorted(waiting, key=lambda mark: mark.camera_day.day, reverse=True):  # people ask for the newest
            if not goes_on() or s.clock() >= until:
                break
            day = read_day(mark.camera_day, s.images, s.verdicts)
            written += write_day(day, self._plan, self._revisions)
            done.append(mark)
        return done, written

    def _nights(self) -> list[str]:
        """Name the days that have ended since the last run that did all; at most those that a window still holds."""
        kept = self._s.operations.checkpoints.get(NAME)
        last = date.fromisoformat(self._last_day)
        longest_ago = last - timedelta(days=max(WINDOW_DAYS))
        before = max(date.fromisoformat(kept["last_day"]), longest_ago) if kept else last - timedelta(days=1)
        return [(before + timedelta(days=n)).isoformat() for n in range(1, (last - before).days + 1)]

    def _windows(self, done: list[DirtyDay], nights: list[str], goes_on: Callable[[], bool]) -> int:
        """Write the windows of each label, then take the marks away: where time is short, none of them goes."""
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
            self._s.operations.dirty_days.clean(mark)
        return written


def roll_up_now(services: Services, camera_days: set[CameraDay]) -> Mapping[str, Json]:
    """Make the figures of these days at once, though they may not have ended: for a demonstration, or an impatient."""
    services.operations.dirty_days.mark(camera_days, [Purpose.ROLLUPS])
    return RollUp(services, max(each.day for each in camera_days)).do(lambda: True)


def run_roll_up(run: RollUp, services: Services) -> bool:
    """Do a run in its turn; say whether something was left for want of time."""

    def work(leased: LeasedRun) -> Mapping[str, Json]:
        return run.do(leased.goes_on)

    return run_under_lease(NAME, services, work) and not run.is_complete
