"""The Celery application for workers inside of a test's own process."""

from celery import Celery

from workers.application import make_app
from workers.settings import Settings


def application(settings: Settings) -> Celery:
    """Make it with its tasks alone: `workers.signals`, imported once, would serve all later workers of the process."""
    app = make_app(settings)
    app.conf.include = [name for name in app.conf.include if name.startswith("tasks.")]
    return app
