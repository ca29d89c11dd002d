"""The Celery application for workers in a test's own process."""

from celery import Celery

from sightline.config import Settings
from workers.celeryconfig import make_app


def application(settings: Settings) -> Celery:
    """Make it without `workers.lifecycle`: once imported, its signal handlers would serve all later workers."""
    app = make_app(settings)
    app.conf.include = [name for name in app.conf.include if name.startswith("tasks.")]
    return app
