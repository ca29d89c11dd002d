"""What each scheduled task does, and when. Beat's schedule, the routes and `sightline status` come from this table.

An entry expires before the next is due, so an outage leaves one run behind, not a hundred.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery.schedules import crontab

from sightline.models.answers import Json
from sightline.queues.steps import Step
from sightline.services import (
    bookkeeping,
    need_estimate,
    parity,
    purge,
    reconcile,
    review_planning,
    sweep,
    sync,
    videos,
)
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun, run_under_lease
from sightline.services.people import expiry, searching
from sightline.services.rollups import run as rollups
from sightline.spelling import spell

QUEUE = "operations"


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A task that beat starts. do: its work; the steps that it returns are sent afterwards."""

    name: str
    do: Callable[[Services], Sequence[Step]]
    every: timedelta | crontab
    expires: timedelta


def _leased(
    name: str,
    work: Callable[[LeasedRun, Services], Mapping[str, Json]],
    *,
    every: timedelta | crontab,
    expires: timedelta,
) -> ScheduledTask:
    """Return a task whose work is one process's at a time, and which has nothing to send afterwards."""

    def do(services: Services) -> Sequence[Step]:
        run_under_lease(name, services, lambda run: work(run, services))
        return ()

    return ScheduledTask(name, do, every, expires)


def _roll_up(services: Services) -> Sequence[Step]:
    """Roll up the days that are due; go on at once if time was short."""
    return [rollups.AGAIN] if rollups.run_roll_up(rollups.RollUp(services), services) else ()


TASKS = (
    _leased(reconcile.NAME, reconcile.run_reconcile, every=timedelta(seconds=60), expires=timedelta(seconds=50)),
    _leased(bookkeeping.NAME, bookkeeping.run_bookkeeping, every=timedelta(seconds=60), expires=timedelta(seconds=50)),
    _leased(
        videos.RECONCILE,
        lambda run, services: videos.reconcile_videos(services, run.goes_on),
        every=timedelta(seconds=60),
        expires=timedelta(seconds=50),
    ),
    ScheduledTask(rollups.NAME, _roll_up, every=timedelta(hours=1), expires=timedelta(minutes=50)),
    # Within twenty minutes of a rollup; where nothing changed it asks for little.
    _leased(
        review_planning.NAME,
        lambda run, services: review_planning.plan_review(services, run.goes_on),
        every=timedelta(minutes=20),
        expires=timedelta(minutes=15),
    ),
    _leased(need_estimate.NAME, need_estimate.run_estimate, every=timedelta(hours=6), expires=timedelta(hours=5)),
    _leased(sync.NAME, sync.run_sync, every=timedelta(minutes=5), expires=timedelta(minutes=4)),
    _leased(
        parity.CHOOSE,
        lambda _, services: parity.run_choose(services),
        every=crontab(hour="1", minute="50"),
        expires=timedelta(hours=1),
    ),
    # A run is cut in time, so several runs a night, one after the other, work off what is marked.
    _leased(parity.CHECK, parity.run_check, every=crontab(hour="2-4", minute="*/5"), expires=timedelta(minutes=4)),
    _leased(
        purge.NAME,
        lambda run, services: purge.purge(services.graph, services.clock(), run.goes_on),
        every=crontab(hour="5", minute="10"),
        expires=timedelta(hours=1),
    ),
    _leased(
        searching.NAME,
        lambda run, services: services.searching.run(run.goes_on),
        every=timedelta(seconds=60),
        expires=timedelta(seconds=50),
    ),
    _leased(
        expiry.NAME,
        lambda run, services: expiry.expire(services.forgetting, services.people_policy, run.goes_on),
        every=crontab(hour="3", minute="20"),
        expires=timedelta(hours=1),
    ),
    _leased(
        sweep.NAME,
        lambda run, services: sweep.sweep(services, run.goes_on),
        every=timedelta(seconds=60),
        expires=timedelta(seconds=50),
    ),
)


def _entry(task: ScheduledTask) -> dict[str, Any]:
    return {
        "task": task.name,
        "schedule": task.every.total_seconds() if isinstance(task.every, timedelta) else task.every,
        "options": {"queue": QUEUE, "expires": int(task.expires.total_seconds())},
    }


def spell_schedule(schedule: Any) -> str:
    """Return when a task runs, in words: `every 5 min`, `daily at 01:50 UTC`, `every 5 min, 02:00 to 04:59 UTC`."""
    if not isinstance(schedule, crontab):
        seconds = schedule.total_seconds() if isinstance(schedule, timedelta) else float(schedule)
        return "every hour" if seconds == _HOUR else f"every {spell(seconds)}"
    clock: Any = schedule  # celery-types knows neither
    hours, minutes = sorted(clock.hour), sorted(clock.minute)
    if len(hours) == len(minutes) == 1:
        return f"daily at {hours[0]:02}:{minutes[0]:02} UTC"
    often = f"every {60 // len(minutes)} min" if len(minutes) > 1 else "every hour"
    return f"{often}, {hours[0]:02}:00 to {hours[-1]:02}:59 UTC"


_HOUR = 3_600

SCHEDULE: Mapping[str, Mapping[str, Any]] = {task.name: _entry(task) for task in TASKS}
"""Celery's `beat_schedule`: name → task, schedule in seconds or as crontab, options."""

ROUTES = {name: {"queue": QUEUE} for name in SCHEDULE}
"""Where a scheduled task goes whose sender named no queue."""
