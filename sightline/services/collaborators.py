"""The collaborators that tasks hand to the plain functions. Built once in each process by `sightline.bootstrap`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Protocol
from zoneinfo import ZoneInfo

from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphStore
from sightline.models.answers import Answer, Json
from sightline.models.images import Capture
from sightline.queues.redis import RedisQueues
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.feature import Feature
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.rollups.plan import AccuracyPlan
from sightline.services.usage import CallCounter
from sightline.services.worker_breaker import WorkerBreaker
from sightline.storage.buckets.protocol import Buckets, ObjectHead, Prefix
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations
from sightline.storage.rollups.protocol import RollupStore
from sightline.storage.verdicts.protocol import VerdictStore

IMPORTED: Mapping[str, Mapping[str, Json]] = {"labels": {"MaxLabels": 10}}
"""What answers were asked for that come from a label set: feature → the old system's request."""


class Detector(Protocol):
    """Who answers what is in an image: `sightline.rekognition.client.Rekognition`."""

    def analyse_object(
        self, feature: Feature, parameters: Mapping[str, Json], bucket: str, key: str, version: str | None = None
    ) -> Answer:
        """Analyse an object in S3: one HTTP attempt. Raises the errors of `sightline.errors`."""

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:
        """Analyse a picture that is sent along: one HTTP attempt."""

    def check(self) -> None:
        """Raise AccessDenied or Unavailable if the service cannot be used; costs nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What each newly ingested image is asked: feature → parameters of its request; and the generation.

    deeper: feature → the request for an image that must be asked again because too much was cut away
    """

    features: Mapping[str, Mapping[str, Json]]
    generation: str
    deeper: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    def requests(self, feature: str) -> list[Mapping[str, Json]]:
        """Return the requests that a row may want of a feature: the usual one first."""
        return [each[feature] for each in (self.features, self.deeper, IMPORTED) if feature in each]


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is swept. day_folder: a camera's folder of a day, below its own, as strftime writes it (`%Y-%m-%d/`).

    time_zones: camera → its time zone, by which its folders are named; `default_zone` is that of the others
    """

    prefixes: Sequence[Prefix]
    day_folder: str
    time_zones: Mapping[str, ZoneInfo]
    default_zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a task may need; the plain functions take what they use by name.

    checkpoint_bucket: where sightline keeps objects of its own, under sightline/
    """

    images: ImageStore
    ledger: Ledger
    graph: GraphStore
    merges: GroupCommit
    buckets: Buckets
    checkpoint_bucket: str
    limiter: Limiter
    operations: Operations
    queues: RedisQueues
    detector: Detector
    calls: CallCounter
    rejection_breaker: RejectionBreaker
    worker_breaker: WorkerBreaker
    plan: Plan
    sweep: SweepPlan
    verdicts: VerdictStore
    rollups: RollupStore
    accuracy: AccuracyPlan
    read_capture: Callable[[ObjectHead, bytes], Capture]
    clock: Callable[[], datetime]
    stopping: Event


_current: list[Services] = []


def provide(services: Services) -> None:
    """Set the services of this process; called once, after the fork."""
    _current[:] = [services]


def current() -> Services:
    """Return this process's services."""
    if not _current:
        message = "no services in this process: call sightline.bootstrap.connect() first"
        raise RuntimeError(message)
    return _current[0]
