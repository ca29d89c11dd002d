"""The Celery application of this environment: `celery -A workers.app worker …`."""

from vision.errors import ConfigurationError
from workers.application import make_app
from workers.environment import read_settings

try:
    app = make_app(read_settings())
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
