"""What the pipeline's benchmark runs on: a local stack with quotas lifted, and every picture in its bucket."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from celery import Celery

from bench.pipeline_costs import Costs, read_costs, read_costs_unasked
from bench.pipeline_pictures import Picture, remember
from bench.pipeline_variants import Blog
from dev.stack import Options, Stack
from sightline.bootstrap import (
    STORES_CONFIG,
    aws_session,
    connect,
    neo4j_driver,
    redis_client,
    s3_client,
    tell_requests,
)
from sightline.config import Settings
from sightline.rekognition.features import all_features
from sightline.services.collaborators import Services
from sightline.services.plan import Plan
from sightline.services.usage import FLUSH_EVERY_SECONDS
from workers.celeryconfig import make_app

QUEUES = ("ingest", "labels", "faces", "text", "rows", "graph")
LATENCY_MS = 100
LIFTED = 1_000_000.0
SWITCHED_WITHIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Environment:
    """A running stack, and this process's own services in it."""

    stack: Stack
    settings: Settings
    services: Services
    client: redis.Redis
    app: Celery
    requests: Counter[str] = field(default_factory=Counter)

    def told(self, service: str, operation: str) -> None:
        """Count a request of this process."""
        self.requests[f"{service} {operation}"] += 1

    def costs(self) -> Costs:
        """Read all costs so far."""
        return read_costs(self.stack, self.client, self.requests)

    def costs_unasked(self) -> Costs:
        """Read the costs without asking the workers."""
        return read_costs_unasked(self.stack, self.client, self.requests)

    def settled_costs(self) -> Costs:
        """Read the costs once the workers have written their counters, with the CPU that they take meanwhile."""
        time.sleep(FLUSH_EVERY_SECONDS + 1)
        return self.costs()

    def send_events(self, *, on: bool) -> None:
        """Have the workers tell Flower of each step of a task, or not."""
        switch = self.app.control.enable_events if on else self.app.control.disable_events
        switch(reply=True, timeout=SWITCHED_WITHIN_SECONDS)

    def upload(self, pictures: Sequence[Picture], *, is_versioned: bool) -> None:
        """Put the pictures into their buckets."""
        client = s3_client(self.settings, aws_session(self.settings))
        for bucket in {each.uri.bucket for each in pictures}:
            self.services.buckets.create(bucket)
            if is_versioned:
                client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda each: self.services.buckets.put(each.uri, each.data), pictures):
                pass

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        """Freeze the workers: even idle ones would slow the other variants down."""
        processes = self.stack.replicas.processes
        for each in processes:
            each.freeze()
        try:
            yield
        finally:
            for each in processes:
                each.thaw()

    def blog(self) -> Blog:
        """Return the blog's handler, ready to run."""
        session = aws_session(self.settings)
        tell_requests(session, self.told)
        client = session.client("dynamodb", endpoint_url=self.settings.dynamodb_endpoint, config=STORES_CONFIG)
        driver = neo4j_driver(self.settings)
        made = Blog(self.services, client, driver, self.settings.neo4j_database, "bench-labels")
        made.set_up()
        return made


def default_plan() -> Plan:
    """Return the plan of the features that are on by default, as by the settings."""
    on = {name: dict(each.parameters) for name, each in all_features().items() if each.on_by_default}
    return Plan(on, "1")


@contextmanager
def running(folder: Path, pictures: Sequence[Picture], replicas: int, *, is_versioned: bool) -> Iterator[Environment]:
    """Start the servers and so many workers of each queue, and upload the pictures; stop everything at the end."""
    answers = folder / "answers.jsonl"
    remember(answers, pictures, default_plan())
    options = Options(
        dynamodb_in_memory=True,
        rekognition=("--latency-ms", str(LATENCY_MS), "--lift-quotas", "--processes", "1", "--remember", str(answers)),
        settings={"SIGHTLINE_QUOTAS": json.dumps({each.operation: LIFTED for each in all_features().values()})},
    )
    with Stack(folder / "stack", options=options) as stack:
        os.environ.update(stack.env)
        stack.set_up()
        stack.start_workers(dict.fromkeys(QUEUES, replicas))
        settings, requests = Settings(), Counter[str]()
        services = connect(settings, on_request=lambda service, name: requests.update([f"{service} {name}"]))
        app = make_app(settings)
        app.set_default()
        environment = Environment(stack, settings, services, redis_client(settings), app, requests)
        environment.upload(pictures, is_versioned=is_versioned)
        yield environment
        services.graph.close()
