"""What runs when. Each entry expires before the next is due: an outage leaves one run behind, not a hundred."""

from typing import Any

from celery.schedules import crontab

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "reconcile_images": {
        "task": "reconcile_images",
        "schedule": 60.0,
        "options": {"queue": "operations", "expires": 50},
    },
    "roll_up_days": {
        "task": "roll_up_days",
        "schedule": 3600.0,
        "options": {"queue": "operations", "expires": 3000},
    },
    "sync_graph": {
        "task": "sync_graph",
        "schedule": 300.0,
        "options": {"queue": "operations", "expires": 240},
    },
    "choose_parity_days": {
        "task": "choose_parity_days",
        "schedule": crontab(hour="1", minute="50"),
        "options": {"queue": "operations", "expires": 3600},
    },
    "check_parity": {  # a run is cut in time: by night, one after the other works off what is marked
        "task": "check_parity",
        "schedule": crontab(hour="2-4", minute="*/5"),
        "options": {"queue": "operations", "expires": 240},
    },
    "purge_graph": {
        "task": "purge_graph",
        "schedule": crontab(hour="5", minute="10"),
        "options": {"queue": "operations", "expires": 3600},
    },
    "sweep_bucket": {
        "task": "sweep_bucket",
        "schedule": 60.0,
        "options": {"queue": "operations", "expires": 50},
    },
}
