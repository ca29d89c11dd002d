"""How the workers' Celery application is made. Each setting says why it is not Celery's default."""

from beat_schedule import BEAT_SCHEDULE
from sightline.config import Settings
from sightline.queues.client import Client, make_client
from sightline.services.schedule import ROUTES
from sightline.timing import VISIBILITY_TIMEOUT
from tasks import comparisons, image_steps, scheduled, video_steps

TASK_MODULES = [
    comparisons.__name__,
    image_steps.__name__,
    video_steps.__name__,
    scheduled.__name__,
    "workers.lifecycle",
]
"""What a worker imports: the tasks, and what happens in it besides them."""


def make_app(settings: Settings) -> Client:
    """Make the application. Nothing is connected yet: that happens in the worker, after it has started."""
    app = make_client(settings.redis_url.get_secret_value(), settings.key_prefix, settings.redis_ca_file)
    app.conf.update(
        include=TASK_MODULES,
        visibility_timeout=int(VISIBILITY_TIMEOUT.total_seconds()),
        broker_connection_retry_on_startup=True,  # servers start in any order
        broker_connection_max_retries=None,  # Redis may be away for an hour: reconnect without a restart
        task_routes=app.conf.task_routes | ROUTES,
        task_acks_late=True,  # a message is done when its work is
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,  # what a process holds, no other can take
        worker_consumer="workers.consumer:Consumer",  # keeps what cannot be read
        worker_hijack_root_logger=False,  # structlog writes the lines
        worker_send_task_events=settings.task_events,  # four messages a task, for Flower only
        worker_disable_rate_limits=True,  # no task has one: Rekognition's are kept by sightline/ratelimit
        worker_cancel_long_running_tasks_on_connection_loss=False,  # threads cannot be cancelled
        beat_schedule=BEAT_SCHEDULE,
        beat_max_loop_interval=5,  # a beat whose Redis was away notices soon
    )
    return app
