"""When each scheduled task runs. Beat's schedule, the routes and `sightline status` are all made from this table.

An entry expires before the next is due, so an outage leaves one run behind, not a hundred.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from celery.schedules import crontab

from sightline.services import parity, purge, reconcile, sweep, sync
from sightline.services.rollups import run as rollups

QUEUE = "operations"


def _entry(name: str, *, every: timedelta | crontab, expires: timedelta) -> dict[str, Any]:
    return {
        "task": name,
        "schedule": every.total_seconds() if isinstance(every, timedelta) else every,
        "options": {"queue": QUEUE, "expires": int(expires.total_seconds())},
    }


SCHEDULE: Mapping[str, Mapping[str, Any]] = {
    reconcile.NAME: _entry(reconcile.NAME, every=timedelta(seconds=60), expires=timedelta(seconds=50)),
    rollups.NAME: _entry(rollups.NAME, every=timedelta(hours=1), expires=timedelta(minutes=50)),
    sync.NAME: _entry(sync.NAME, every=timedelta(minutes=5), expires=timedelta(minutes=4)),
    parity.CHOOSE: _entry(parity.CHOOSE, every=crontab(hour="1", minute="50"), expires=timedelta(hours=1)),
    # A run is cut in time, so several runs a night, one after the other, work off what is marked.
    parity.CHECK: _entry(parity.CHECK, every=crontab(hour="2-4", minute="*/5"), expires=timedelta(minutes=4)),
    purge.NAME: _entry(purge.NAME, every=crontab(hour="5", minute="10"), expires=timedelta(hours=1)),
    sweep.NAME: _entry(sweep.NAME, every=timedelta(seconds=60), expires=timedelta(seconds=50)),
}
"""Celery's `beat_schedule`: name → task, schedule in seconds or as crontab, options."""

ROUTES = {name: {"queue": QUEUE} for name in SCHEDULE}
"""Where a scheduled task goes whose sender named no queue."""
