"""What happens in a worker besides its tasks: services at its start, an end in good order, fields on each line."""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import structlog
from celery import Task, signals
from celery.worker import WorkController
from prometheus_client import CollectorRegistry

from sightline.bootstrap import connect
from sightline.config import Settings
from sightline.errors import SightlineError
from sightline.logs import configure_logs
from sightline.services.collaborators import Services, current, provide
from tasks.retry import StepTask
from workers import heartbeat
from workers.circuit_breakers import start_consumption_control
from workers.metrics import WorkerMetrics, serve
from workers.metrics_instrumented import with_metrics
from workers.metrics_system import SystemMetrics, sources, watch
from workers.task_lines import lower_task_lines

log = structlog.get_logger()

stopping = Event()

OBJECTS_BETWEEN_COLLECTIONS = 5_000
"""An image leaves some three hundred, of which one or two dozen are in cycles. By default Python looks after 700."""


@signals.setup_logging.connect
def _write_our_lines(**_: Any) -> None:
    settings = Settings()
    configure_logs(settings.log_level, as_json=settings.log_json)
    lower_task_lines()


@signals.worker_init.connect
def _connect(sender: WorkController, **_: Any) -> None:
    """Build the clients in the worker itself: the thread pool never forks after this.

    A worker without services must end: Celery only logs what a receiver raises, and would go on to lose every message.
    """
    try:
        provide(_services(Settings(), list(sender.app.amqp.queues.consume_from)))
    except SightlineError as error:  # it says all there is to say: where it was raised is no news
        log.error("The worker cannot start", error=str(error))  # noqa: TRY400
        raise SystemExit(f"The worker cannot start. {error}") from None
    except Exception as error:
        log.exception("The worker cannot start")
        raise SystemExit(f"The worker cannot start. {error}") from error


def _services(settings: Settings, queues: Sequence[str]) -> Services:
    if settings.metrics_port is None:
        return connect(settings, stopping=stopping)
    return _measured(settings, settings.metrics_port, queues)


def _measured(settings: Settings, port: int, queues: Sequence[str]) -> Services:
    """Instrument the services and Celery's signals, and serve the metrics. queues: those that the worker consumes."""
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    services = connect(settings, stopping=stopping, on_request=metrics.aws_requested)
    signals.task_prerun.connect(metrics.task_began, weak=False)
    signals.task_postrun.connect(metrics.task_ended, weak=False)
    if "operations" in queues:
        system = SystemMetrics(sources(services), services.clock)
        registry.register(system)
        watch(system, stopping)
    serve(registry, settings.metrics_address, port)
    return with_metrics(services, metrics)


@signals.worker_ready.connect
def _watch_its_queues(sender: Any, **_: Any) -> None:
    """Start the circuit breakers, and the heartbeat that tells health checks what they see."""
    consumption = start_consumption_control(sender, current())
    if folder := Settings().state_folder:
        heartbeat.start(Path(folder), str(sender.hostname), os.getpid(), stopping, consumption)


@signals.worker_ready.connect
def _collect_seldom(**_: Any) -> None:
    """Look for cycles seldom, and never again among the objects that a worker starts with."""
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


@signals.worker_shutting_down.connect
def _stop_waiting(**_: Any) -> None:
    """Wake every thread that sleeps until its slot: its message goes back to the queue. Write counts while we may."""
    stopping.set()
    current().calls.flush_soon()


@signals.worker_shutdown.connect
def _hand_in(**_: Any) -> None:
    services = current()
    try:
        services.calls.flush()
    except SightlineError as error:
        log.warning("The last counts of calls are lost", error=str(error))
    services.graph.close()


@signals.task_prerun.connect
def _name_the_image(task: Task[Any, Any], args: Any, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    if isinstance(task, StepTask) and isinstance(args, list | tuple) and args:  # a message may hold anything
        feature = {"feature": args[1]} if len(args) == len(("uri", "feature", "lane")) else {}
        structlog.contextvars.bind_contextvars(
            task=task.name, image_id=args[0], attempt=task.request.retries + 1, **feature
        )


@signals.task_postrun.connect
def _forget_the_image(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()
