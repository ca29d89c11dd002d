"""The Celery application of this environment: `celery -A workers.app worker …`."""

from sightline.config import read_settings
from sightline.errors import ConfigurationError
from workers.celeryconfig import make_app

try:
    app = make_app(read_settings())
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
