"""What runs when: Celery's `beat_schedule`. Each task declares its own entry in `tasks/scheduled.py`."""

from tasks.scheduled import SCHEDULE as BEAT_SCHEDULE

__all__ = ["BEAT_SCHEDULE"]
