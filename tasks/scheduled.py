"""The tasks that beat starts. Each is declared once, here: its route and its entry in the schedule follow.

An entry expires before the next is due, so an outage leaves one run behind, not a hundred.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.schedules import crontab

from sightline.queues.publishing import publish
from sightline.services import parity, reconcile, sweep
from sightline.services import purge as purging
from sightline.services import sync as syncing
from sightline.services.collaborators import current
from sightline.services.leased_runs import run_under_lease
from sightline.services.rollups import run as rollups

SCHEDULE: dict[str, dict[str, Any]] = {}
"""Celery's `beat_schedule`, filled by the declarations below."""


def scheduled(
    name: str, every: timedelta | crontab, expires: timedelta
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a task that beat starts; the queue `operations` takes it. expires: below the time between two entries."""
    SCHEDULE[name] = {
        "task": name,
        "schedule": every.total_seconds() if isinstance(every, timedelta) else every,
        "options": {"queue": "operations", "expires": int(expires.total_seconds())},
    }
    return shared_task(name=name)


def routes() -> dict[str, dict[str, str]]:
    """Return the queue of each scheduled task, for messages whose sender named none."""
    return {name: {"queue": entry["options"]["queue"]} for name, entry in SCHEDULE.items()}


@scheduled(reconcile.NAME, every=timedelta(seconds=60), expires=timedelta(seconds=50))
def reconcile_images() -> None:
    """Send again what the rows say is missing."""
    s = current()
    run_under_lease(reconcile.NAME, s, lambda run: reconcile.run_reconcile(run, s))


@scheduled(rollups.NAME, every=timedelta(hours=1), expires=timedelta(minutes=50))
def roll_up_days() -> None:
    """Roll up the days that are due; go on at once if time was short."""
    s = current()
    if rollups.run_roll_up(rollups.RollUp(s), s):
        publish([rollups.AGAIN])


@scheduled(syncing.NAME, every=timedelta(minutes=5), expires=timedelta(minutes=4))
def sync_graph() -> None:
    """Bring the graph up to the rows."""
    s = current()
    run_under_lease(syncing.NAME, s, lambda run: syncing.run_sync(run, s))


@scheduled(parity.CHOOSE, every=crontab(hour="1", minute="50"), expires=timedelta(hours=1))
def choose_parity_days() -> None:
    """Mark a thirtieth of all days for parity."""
    s = current()
    run_under_lease(parity.CHOOSE, s, lambda _: parity.run_choose(s))


# A run is cut in time, so several runs a night, one after the other, work off what is marked.
@scheduled(parity.CHECK, every=crontab(hour="2-4", minute="*/5"), expires=timedelta(minutes=4))
def check_parity() -> None:
    """Compare rows and graph for the marked days, and repair the graph."""
    s = current()
    run_under_lease(parity.CHECK, s, lambda run: parity.run_check(run, s))


@scheduled(purging.NAME, every=crontab(hour="5", minute="10"), expires=timedelta(hours=1))
def purge_graph() -> None:
    """Delete labels, texts and dates that no image has any more, and gone images after a week."""
    s = current()
    run_under_lease(purging.NAME, s, lambda run: purging.purge(s.graph, s.clock(), run.goes_on))


@scheduled(sweep.NAME, every=timedelta(seconds=60), expires=timedelta(seconds=50))
def sweep_bucket() -> None:
    """Go on with the sweep of the buckets that the settings name."""
    s = current()
    run_under_lease(sweep.NAME, s, lambda run: sweep.sweep(s, run.goes_on))
