"""How the Celery application is made. Each setting says why it is not Celery's default."""

from celery import Celery

from beat_schedule import BEAT_SCHEDULE
from workers.queues import QUEUES, ROUTES
from workers.settings import Settings

VISIBILITY_SECONDS = 300
"""When a message that was taken and not finished comes back. It outlasts a task: two waits for a slot, calls, and an
answer held while S3 or DynamoDB is away take 275 s at the most. Where requests hang as well it may come a second time
to a task that still runs, which the claim in the ledger is there for."""

TASK_MODULES = [
    "tasks.ingest",
    "tasks.detect",
    "tasks.write",
    "tasks.merge",
    "tasks.parity.run",
    "tasks.purge",
    "tasks.reconcile",
    "tasks.rollups.run",
    "tasks.sweep",
    "tasks.sync.run",
    "workers.signals",
]
"""What a worker imports: the tasks, and what happens in it besides them."""


def make_app(settings: Settings) -> Celery:
    """Make the application. Nothing is connected yet: that happens in the worker, after it has started."""
    app = Celery("sightline", include=TASK_MODULES)
    app.conf.update(
        broker_url=settings.redis_url.get_secret_value(),
        broker_transport="workers.transport:Transport",  # kombu's own for Redis ends a worker when Redis is lost
        broker_transport_options=_transport_options(settings.key_prefix),
        visibility_timeout=VISIBILITY_SECONDS,
        broker_connection_retry_on_startup=True,  # servers start in any order
        broker_connection_max_retries=None,  # Redis may be away for an hour: come back by ourselves
        task_queues=QUEUES,
        task_routes=ROUTES,
        task_default_queue="ingest",
        task_create_missing_queues=False,  # a mistyped queue is an error, not a place where messages vanish
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,  # the rows say what came of a task
        task_ignore_result=True,
        task_acks_late=True,  # a message is done when its work is
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,  # what a process holds, no other can take
        worker_consumer="workers.consumer:Consumer",  # keeps what can not be read
        worker_hijack_root_logger=False,  # structlog writes the lines
        worker_cancel_long_running_tasks_on_connection_loss=False,  # threads can not be
        enable_utc=True,
        timezone="UTC",
        task_publish_retry_policy={"max_retries": 5, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2},
        beat_schedule=BEAT_SCHEDULE,
        beat_max_loop_interval=5,  # a beat whose Redis was away notices soon
    )
    return app


def _transport_options(key_prefix: str) -> dict[str, object]:
    return {
        "global_keyprefix": key_prefix,
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,  # the default waits for ever where packets vanish
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "queue_order_strategy": "priority",  # a process's first queue (live) goes before its second (backfill)
        "priority_steps": [0],  # one list a queue instead of four: no message here has a priority
    }
