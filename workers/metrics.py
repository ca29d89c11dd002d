"""What one worker process tells Prometheus: its tasks, its calls and what they cost, its waits, its commits.

Every family is named here. A redelivered message says that a worker died, or outlived the visibility timeout.
"""

import time
from typing import Any

import structlog
from celery import Task
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server

from sightline.models.images import Lane
from sightline.rekognition.paid_calls import operation_of

log = structlog.get_logger()

TASK_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
WAIT_BUCKETS_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
"""Up to the horizon of the live lane: nothing is booked beyond it."""

BATCH_BUCKETS_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 500)
MICRO = 1_000_000

OUTCOMES = {"SUCCESS": "succeeded", "RETRY": "retried", "FAILURE": "failed", "IGNORED": "ignored"}
"""Celery's states → the outcomes reported. ignored: the message is sent again later, or its image is ingested again."""


class WorkerMetrics:
    """The families of one process, in the registry that is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        self._began_at: dict[str, float] = {}
        self.tasks = Counter("sightline_tasks", "Tasks ended", ["task", "outcome"], registry=registry)
        self.task_seconds = Histogram(
            "sightline_task_seconds", "How long a task took", ["task"], registry=registry, buckets=TASK_BUCKETS_SECONDS
        )
        self.redeliveries = Counter(
            "sightline_redeliveries", "Messages that were taken before and not finished", ["task"], registry=registry
        )
        self.slot_waits = Histogram(
            "sightline_slot_wait_seconds",
            "How long a call waited for the slot that it had booked",
            ["operation", "lane"],
            registry=registry,
            buckets=WAIT_BUCKETS_SECONDS,
        )
        self.slots_refused = Counter(
            "sightline_slots_refused",
            "Bookings that lay beyond the lane's horizon",
            ["operation", "lane"],
            registry=registry,
        )
        self.throttled = Counter(
            "sightline_throttled", "Calls that Rekognition throttled", ["operation"], registry=registry
        )
        self.calls = Counter(
            "sightline_calls",
            "Calls to Rekognition by how they ended",
            ["feature", "operation", "outcome"],
            registry=registry,
        )
        self.cost = Counter(
            "sightline_cost_usd",
            "What answered calls cost by AWS's list, in US dollars",
            ["feature"],
            registry=registry,
        )
        self.aws_requests = Counter(
            "sightline_aws_requests",
            "HTTP requests to AWS, those that botocore repeats too",
            ["service", "operation"],
            registry=registry,
        )
        self.batches = Histogram(
            "sightline_group_commit_images",
            "Images that shared one commit to the graph",
            registry=registry,
            buckets=BATCH_BUCKETS_IMAGES,
        )

    def aws_requested(self, service: str, operation: str) -> None:
        """Note one HTTP request to AWS."""
        self.aws_requests.labels(service, operation).inc()

    def task_began(self, task_id: str, task: Task[Any, Any], **_: Any) -> None:
        """Hear of Celery's signal `task_prerun`."""
        self._began_at[task_id] = time.monotonic()
        if (task.request.delivery_info or {}).get("redelivered"):
            self.redeliveries.labels(task.name).inc()

    def task_ended(self, task_id: str, task: Task[Any, Any], state: str | None = None, **_: Any) -> None:
        """Hear of Celery's signal `task_postrun`."""
        self.tasks.labels(task.name, OUTCOMES.get(state or "", "other")).inc()
        now = time.monotonic()
        self.task_seconds.labels(task.name).observe(now - self._began_at.pop(task_id, now))

    def slot_booked(self, operation: str, lane: Lane, wait_seconds: float) -> None:
        """Note a booked slot."""
        self.slot_waits.labels(operation, str(lane)).observe(wait_seconds)

    def slot_refused(self, operation: str, lane: Lane) -> None:
        """Note a booking that was refused."""
        self.slots_refused.labels(operation, str(lane)).inc()

    def call_throttled(self, operation: str) -> None:
        """Note a throttled call."""
        self.throttled.labels(operation).inc()

    def called(self, feature: str, outcome: str, cost_micro_usd: int) -> None:
        """Note how a call ended."""
        self.calls.labels(feature, operation_of(feature), outcome).inc()
        self.cost.labels(feature).inc(cost_micro_usd / MICRO)

    def committed(self, images: int) -> None:
        """Note one group commit."""
        self.batches.observe(images)


def serve(registry: CollectorRegistry, address: str, port: int) -> None:
    """Serve the registry over HTTP from a thread. If the port is in use, log a warning and carry on."""
    try:
        start_http_server(port, address, registry)
    except OSError as error:
        log.warning("Metrics are not served", address=address, port=port, error=str(error))
