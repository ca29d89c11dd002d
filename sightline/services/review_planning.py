"""The scheduled task that plans the review: which images of each label and window are asked about next.

Planning reads every image of the window: many seconds of CPU for a month, too much for somebody who waits. A plan goes
with the window's figures, so it is made after their rollup, and again when images change or few of its questions are
left; new verdicts alone are no reason.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.services.collaborators import Services
from sightline.services.days_before import reviewed_before
from sightline.services.review_plan import (
    ReviewPlan,
    fitting,
    hashes_of,
    keep_plan,
    read_plan,
    salt_hash,
    unanswered,
)
from sightline.services.rollups.cells import Day, ModelCell, cells_of, read_day
from sightline.services.rollups.plan import method_of
from sightline.services.rollups.report import models_seen
from sightline.stats.advice import Measure
from sightline.stats.counts import ReviewedCell
from sightline.stats.queue import next_images
from sightline.stats.strata import StrataRule
from sightline.stats.windows import WINDOW_DAYS, days_of
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup, RollupKey

log = structlog.get_logger()

NAME = "plan_review"

KEPT = 500
"""How many questions a plan holds: more than a reviewer's day."""

FEWEST = KEPT // 2
"""With fewer questions left a plan is made again."""

MOST_IMAGES = 50_000
"""So many images are read for the plans of a run, the newest days first: they are in memory together."""

READING_LASTS = timedelta(seconds=50)
"""How long a run reads days; the rest of its time is for choosing."""


def plan_review(services: Services, goes_on: Callable[[], bool]) -> Mapping[str, Json]:
    """Plan each watched label and window where that is due; return how many plans were made, of how many."""
    days = _Days(services, goes_on)
    due = [(rule, rollup) for rule in services.accuracy.rules for rollup in _rollups(rule, services)]
    made = 0
    for rule, rollup in due:
        before = read_plan(rule, rollup.key.window_days, services)
        if before and _still_serves(before, rollup, services):
            keep_plan(replace(before, seen=hashes_of(rollup)), services)
            continue
        plan = _plan(rule, rollup, days, services)
        if not goes_on():
            break
        keep_plan(plan, services)
        made += 1
    return {"made": made, "plans": len(due), "days": days.read}


def _rollups(rule: StrataRule, services: Services) -> Iterator[Rollup]:
    """Yield the last windows of all cameras, as the newest detector version saw them."""
    last_day = services.accuracy.last_ended_day(services.clock())
    models = models_seen(services.rollups, rule.label, last_day)
    newest = max(models, key=lambda model: models[model][::-1], default=None)
    for length in WINDOW_DAYS:
        for rollup in services.rollups.between(ALL_CAMERAS, rule.label, length, last_day, last_day):
            if (rollup.key.model, rollup.key.method) == (newest, method_of(rule)):
                yield rollup


def _still_serves(plan: ReviewPlan, rollup: Rollup, services: Services) -> bool:
    """Return whether a plan is still of these images, and enough of it is left although verdicts have come."""
    if plan.rollup != rollup.key or plan.seen[0] != rollup.population_hash:
        return False
    if plan.seen == hashes_of(rollup):
        return True
    wanted = 1 if plan.is_whole else max(min(len(plan.requests) // 2, FEWEST), 1)
    return len(unanswered(plan, wanted, services.images, services.verdicts)) == wanted


def _plan(rule: StrataRule, rollup: Rollup, days: "_Days", services: Services) -> ReviewPlan:
    cells, is_every_day = days.cells(rule, rollup.key)
    before = reviewed_before(cells, services) if cells else {}
    requests = next_images(cells, KEPT, Measure.RECALL, before)
    kept = list(fitting(requests))
    is_whole = is_every_day and len(kept) < KEPT and len(kept) == len(requests)
    return ReviewPlan(rollup.key, hashes_of(rollup), salt_hash(services.accuracy.salt), is_whole, kept)


class _Days:
    """The camera days of a run, each read once for all labels and windows. read: how many were."""

    def __init__(self, services: Services, goes_on: Callable[[], bool]) -> None:
        self._services = services
        self._goes_on = goes_on
        self._until = services.clock() + READING_LASTS
        self._images = 0
        self._days: dict[CameraDay, Day] = {}

    @property
    def read(self) -> int:
        return len(self._days)

    def cells(self, rule: StrataRule, key: RollupKey) -> tuple[list[ReviewedCell], bool]:
        """Return a window's cells, the newest days first, and whether of every day.

        Days for which there is no time or room are left out.
        """
        first = days_of(key.end_day, key.window_days)[0]
        known = self._services.operations.dirty_days.known(None, first, key.end_day)
        found, is_every_day = list[ModelCell](), True
        for camera_day in sorted(known, key=lambda each: (each.day, each.camera), reverse=True):
            day = self._day(camera_day)
            if day is None:
                log.warning("A review is planned of the newest days alone", label=rule.label, up_to=str(camera_day))
                is_every_day = False
                break
            found += cells_of(day, rule, self._services.accuracy)
        return [each.reviewed for each in found if each.model == key.model], is_every_day

    def _day(self, camera_day: CameraDay) -> Day | None:
        if camera_day not in self._days:
            is_late = self._services.clock() >= self._until or not self._goes_on()
            if is_late or self._images >= MOST_IMAGES:
                return None
            self._days[camera_day] = read_day(camera_day, self._services.images, self._services.verdicts)
            self._images += len(self._days[camera_day].images)
        return self._days[camera_day]
