"""A Celery application that only sends. `workers.celeryconfig` adds what a worker needs.

Each setting says why it is not Celery's default.
"""

from collections.abc import Mapping
from functools import cached_property

from celery import Celery, current_app

from sightline.queues.names import QUEUES, ROUTES
from sightline.queues.outbox import Outbox, connecting
from sightline.queues.tls import tls_options, without_tls_options
from sightline.timing import VISIBILITY_TIMEOUT

CONNECTION = {
    "socket_timeout": 15,  # the default waits for ever if packets vanish
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

PATIENCE = {"max_retries": 5, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2.0}
"""How often, and after how many seconds, a message that follows from what is done is sent again."""


class Client(Celery):
    """An application with an outbox for what goes past Celery's producers."""

    patience: Mapping[str, float] = PATIENCE

    @cached_property
    def outbox(self) -> Outbox:
        """Return the one outbox, which goes where this application's own messages go."""
        tls = self.conf.broker_use_ssl or {}
        prefix = self.conf.broker_transport_options["global_keyprefix"]
        return Outbox(connecting(self.conf.broker_write_url, **CONNECTION, **tls), prefix)

    def close(self) -> None:
        """Close the connections."""
        super().close()
        if "outbox" in vars(self):
            self.outbox.close()


def make_client(redis_url: str, key_prefix: str, ca_file: str | None = None) -> Client:
    """Make the application for this broker. Nothing is connected yet.

    ca_file: certificates to trust for `rediss://`; None: the system's
    """
    app = Client("sightline")
    app.conf.update(
        broker_url=without_tls_options(redis_url),
        broker_use_ssl=tls_options(redis_url, ca_file) or None,  # kombu sees no scheme behind an own transport
        broker_transport="sightline.queues.transport:Transport",  # kombu's own ends a worker when Redis is lost
        broker_transport_options=_transport_options(key_prefix),
        task_queues=QUEUES,
        task_routes=dict(ROUTES),
        task_default_queue="ingest",
        task_create_missing_queues=False,  # a mistyped queue is an error, not a place where messages vanish
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,  # the outcome of a task is in the rows
        task_ignore_result=True,
        enable_utc=True,
        timezone="UTC",
        task_publish_retry_policy=PATIENCE,
    )
    return app


def _transport_options(key_prefix: str) -> dict[str, object]:
    return {
        "global_keyprefix": key_prefix,
        "visibility_timeout": int(VISIBILITY_TIMEOUT.total_seconds()),
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        **CONNECTION,
        "queue_order_strategy": "priority",  # a process's first queue (live) goes before its second (backfill)
        "priority_steps": [0],  # one list a queue instead of four: no message here has a priority
    }


def client_here() -> Client:
    """Return the application that this process, or this thread, sends with. Raises TypeError if it is not of ours."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - a stand-in has no type
    if not isinstance(app, Client):
        message = f"{app!r} has no outbox: make it with make_client, and set it as the current one"
        raise TypeError(message)
    return app
