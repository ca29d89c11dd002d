"""The tasks that beat starts. What each does, and when, is in `sightline/services/schedule.py`."""

from celery import shared_task

from sightline.queues.publishing import publish
from sightline.services.collaborators import current
from sightline.services.schedule import TASKS, ScheduledTask


def _register(task: ScheduledTask) -> None:
    @shared_task(name=task.name)
    def run() -> None:
        if steps := task.do(current()):
            publish(steps)


for each in TASKS:
    _register(each)
