"""What runs when: Celery's `beat_schedule`. The table itself is in `sightline/services/schedule.py`."""

from typing import Any

from sightline.services.schedule import SCHEDULE

BEAT_SCHEDULE: dict[str, Any] = {name: dict(entry) for name, entry in SCHEDULE.items()}
