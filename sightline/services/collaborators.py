"""The collaborators that tasks hand to the plain functions. Built once in each process by `sightline.bootstrap`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json
from sightline.models.images import Capture
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.queues.redis import RedisQueues
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.known_faces import FaceCollection
from sightline.rekognition.paid_calls import called_by_policy
from sightline.rekognition.prices import Prices
from sightline.rekognition.video_client import VideoJobClient
from sightline.services.bucket_gate import BucketGate
from sightline.services.clock_doubts import ClockDoubts
from sightline.services.comparing import Comparing
from sightline.services.detection import Detector, Payer
from sightline.services.frame_taking import FrameTaker
from sightline.services.graph_merge import Merges
from sightline.services.held import HeldBytes
from sightline.services.ingest import Ingest
from sightline.services.lacking import LackingOne
from sightline.services.people.enrolling import Enrolling
from sightline.services.people.forgetting import Forgetting
from sightline.services.people.searching import Searching
from sightline.services.plan import Plan
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.results import ResultWriter
from sightline.services.rollups.plan import AccuracyPlan
from sightline.services.stand_ins import StandIns
from sightline.services.till import Till
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.services.video_job_plan import JobPlan
from sightline.services.video_jobs import JobRunner
from sightline.services.video_plan import VideoPlan
from sightline.services.worker_breaker import WorkerBreaker
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri, Prefix
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.changes import LedgerChanges
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations
from sightline.storage.rollups.protocol import RollupStore
from sightline.storage.users.protocol import UserStore
from sightline.storage.verdicts.protocol import VerdictStore
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.storage.videos.protocol import VideoStore


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
    treasury: None if there is no budget
    """

    images: ImageStore
    videos: VideoStore
    video_jobs: VideoJobStore
    ledger: Ledger
    ledger_changes: LedgerChanges
    graph: GraphStore
    merges: Merges
    buckets: Buckets
    checkpoint_bucket: str
    limiter: Limiter
    operations: Operations
    queues: RedisQueues
    detector: Detector
    job_client: VideoJobClient
    calls: CallCounter
    rejection_breaker: RejectionBreaker
    worker_breaker: WorkerBreaker
    plan: Plan
    prices: Prices
    video_plan: VideoPlan
    job_plan: JobPlan
    sweep: SweepPlan
    verdicts: VerdictStore
    rollups: RollupStore
    users: UserStore
    accuracy: AccuracyPlan
    clock_doubts: ClockDoubts
    read_capture: Callable[[ObjectHead, bytes], Capture]
    camera_of: Callable[[ObjectUri], str]
    people_policy: PeoplePolicy | None
    known_people: KnownPeople | None
    faces: FaceCollection
    clock: Callable[[], datetime]
    stopping: Event
    treasury: Treasury | None = None
    held: HeldBytes = field(init=False)
    bucket_gate: BucketGate = field(init=False)
    stand_ins: StandIns = field(init=False)
    ingest: Ingest = field(init=False)
    payer: Payer = field(init=False)
    till: Till = field(init=False)
    comparing: Comparing = field(init=False)
    enrolling: Enrolling = field(init=False)
    searching: Searching = field(init=False)
    results: ResultWriter = field(init=False)
    forgetting: Forgetting = field(init=False)
    frame_taker: FrameTaker = field(init=False)
    job_runner: JobRunner = field(init=False)

    def __post_init__(self) -> None:
        """Build what works on each message, once, from the collaborators above."""
        held = HeldBytes(self.images, self.buckets, self.checkpoint_bucket, self.clock)
        object.__setattr__(self, "held", held)
        object.__setattr__(self, "bucket_gate", BucketGate(self.operations, self.clock))
        object.__setattr__(self, "stand_ins", StandIns(self.images, self.operations.bursts, self.plan))
        # In this order: those that follow use the till
        self._build("ingest", Ingest)
        self._build("payer", Payer)
        self._build("frame_taker", FrameTaker)
        self._build("job_runner", JobRunner)
        self._build("till", Till)
        self._build("comparing", Comparing, generation=self.plan.generation)
        self._build("enrolling", Enrolling)
        self._build("searching", Searching)
        self._build("forgetting", Forgetting)
        self._build("results", ResultWriter, note=self.searching.note, lacking=LackingOne())

    def _build(self, name: str, kind: Any, **own: Any) -> None:
        """Build what holds collaborators under the names that they have here. own: what it holds besides."""
        held = {each.name: getattr(self, each.name) for each in fields(kind) if each.name not in own}
        object.__setattr__(self, name, kind(**held, **own))

    @property
    def paid_for(self) -> Mapping[str, Mapping[str, Json]]:
        """Return what calls are made for, with their parameters: each feature, and what the policy on people allows."""
        called = called_by_policy(is_policy=self.people_policy is not None, is_known=self.known_people is not None)
        return {**self.plan.features, **{name: {} for name in called}}


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
