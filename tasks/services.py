"""The collaborators that tasks hand to the plain functions. Built once in each process by `workers.bootstrap`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol

from stores.buckets.protocol import Buckets, ObjectHead
from stores.graph.group_commit import GroupCommit
from stores.graph.protocol import GraphStore
from stores.images.protocol import ImageStore
from stores.ledger.protocol import Ledger
from stores.limiter.protocol import Limiter
from stores.operations.protocol import OperationStore
from stores.rows import Capture
from tasks.spending import CallCounter
from vision.feature import Feature
from vision.models import Answer, Json


class Detector(Protocol):
    """Who answers what is in an image: `vision.rekognition.Rekognition`."""

    def analyse_object(
        self, feature: Feature, parameters: Mapping[str, Json], bucket: str, key: str, version: str | None = None
    ) -> Answer:
        """Analyse an object in S3: one HTTP attempt. Raises the errors of `vision.errors`."""

    def check(self) -> None:
        """Raise AccessDenied or Unavailable where the service can not be used; costs nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What each newly ingested image is asked: feature → parameters of its request; and the generation."""

    features: Mapping[str, Mapping[str, Json]]
    generation: str


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a task may need; the plain functions take what they use by name."""

    images: ImageStore
    ledger: Ledger
    graph: GraphStore
    merges: GroupCommit
    buckets: Buckets
    limiter: Limiter
    operations: OperationStore
    detector: Detector
    calls: CallCounter
    plan: Plan
    read_capture: Callable[[ObjectHead, bytes], Capture]
    clock: Callable[[], datetime]
    stopping: Event


_current: list[Services] = []


def provide(services: Services) -> None:
    """Give this process its services; called once, after the fork."""
    _current[:] = [services]


def current() -> Services:
    """Give this process's services."""
    if not _current:
        message = "no services in this process: call workers.bootstrap.connect() first"
        raise RuntimeError(message)
    return _current[0]
