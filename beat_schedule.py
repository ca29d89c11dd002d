"""What runs when. Each entry expires before the next is due: an outage leaves one run behind, not a hundred."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "reconcile_images": {
        "task": "reconcile_images",
        "schedule": 60.0,
        "options": {"queue": "operations", "expires": 50},
    },
    "sweep_bucket": {
        "task": "sweep_bucket",
        "schedule": 60.0,
        "options": {"queue": "operations", "expires": 50},
    },
}
