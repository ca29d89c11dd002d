"""The Celery application of this environment: `celery -A workers.app worker …`."""

from workers.application import make_app
from workers.settings import Settings

app = make_app(Settings())
