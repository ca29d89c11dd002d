"""What `status` says of the tasks that beat starts, and which of them are late."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from beat_schedule import BEAT_SCHEDULE
from sightline.storage.operations import Operations

PERIODS_LATE = 3
"""A run that is older than so many of its periods has been missed."""


def runs_section(
    operations: Operations, now: datetime, schedule: Mapping[str, Mapping[str, Any]] = BEAT_SCHEDULE
) -> dict[str, Any]:
    """Give the last run of each beat task that ran or should have, and whether it is overdue.

    A task that never ran is overdue where none ever did: there is no beat, or no worker for it. Where others ran, its
    first time has not come.
    """
    periods = {entry["task"]: _period(entry["schedule"]) for entry in schedule.values()}
    runs = operations.runs.last()
    never: dict[str, Any] = {"started_at": None, "took": None, "outcome": {}}
    return {
        name: {
            **(asdict(runs[name]) if name in runs else {"name": name, **never}),
            "is_overdue": name in periods
            and (runs[name].started_at < now - PERIODS_LATE * periods[name] if name in runs else not runs),
        }
        for name in sorted({*periods, *runs})
    }


def _period(schedule: Any) -> timedelta:
    """Give how often an entry is due: every so many seconds, or, where it goes by the clock, once a day."""
    if isinstance(schedule, timedelta):
        return schedule
    return timedelta(seconds=schedule) if isinstance(schedule, int | float) else timedelta(days=1)
