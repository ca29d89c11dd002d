"""A whole sightline in memory: a fake of every store, a clock that moves when told, and a detector with a script."""

import io
import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event
from zoneinfo import ZoneInfo

from PIL import Image

from sightline.errors import ImageNotYetWritten
from sightline.graph.group_commit import GroupCommit
from sightline.models.answers import Answer, Box, Detection, Json
from sightline.models.comparisons import Compared, ComparedFace
from sightline.models.images import Lane
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.queues.carried import carried_is_new, carried_result, carried_told, result_headers
from sightline.queues.steps import COLLECT_JOB, COMPARE, DETECT, INGEST, MERGE, START_JOB, TAKE, WRITE, Step, passing_on
from sightline.ratelimit.fallback import InMemoryLimiter
from sightline.rekognition.comparing import NAME
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features
from sightline.rekognition.paid_calls import BESIDE_FEATURES
from sightline.rekognition.prices import read_prices
from sightline.services import detection as detect
from sightline.services import graph_merge as merge
from sightline.services import ingest
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.services.clock_doubts import ClockDoubts
from sightline.services.collaborators import Services, SweepPlan
from sightline.services.graph_merge import RowMerger
from sightline.services.other_files import OWN_FOLDER
from sightline.services.plan import Plan
from sightline.services.redrive import redrive
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.rollups.plan import AccuracyPlan
from sightline.services.usage import CallCounter
from sightline.services.video_job_plan import JobPlan
from sightline.services.video_plan import VideoPlan
from sightline.services.worker_breaker import WorkerBreaker
from sightline.stats.strata import StrataRule
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.dead_letters import DeadLetter
from sightline.testing.buckets import InMemoryBuckets
from sightline.testing.clocks import MovingClock
from sightline.testing.faces import InMemoryFaces
from sightline.testing.graph import InMemoryGraphStore
from sightline.testing.images import InMemoryImageStore
from sightline.testing.ledger import InMemoryLedger, InMemoryLedgerChanges
from sightline.testing.money import treasury_of
from sightline.testing.operations import in_memory_operations
from sightline.testing.queues import InMemoryQueues
from sightline.testing.rollups import InMemoryRollupStore
from sightline.testing.users import InMemoryUserStore
from sightline.testing.verdicts import InMemoryVerdictStore
from sightline.testing.video_jobs import InMemoryVideoJobStore, ScriptedVideoJobs
from sightline.testing.videos import InMemoryVideoStore
from sightline.timing import EMPTY_LOOKED_AT_EVERY

BUCKET = "frames"
WATCHED = AccuracyPlan((StrataRule("Person", related_labels=frozenset({"Face"})),), "salt", 5.0, (ZoneInfo("UTC"),))
CHECKPOINTS = "sightline"


def picture(shade: int = 0, size: tuple[int, int] = (120, 90), form: str = "JPEG") -> bytes:
    """Make a small picture; another shade has other bytes."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade // 256 % 256, 90)).save(file, form)
    return file.getvalue()


def uri_of(name: str, camera: str = "yard") -> str:
    """Name an image as the demo's cameras do."""
    return f"s3://{BUCKET}/{camera}/2026-11-02/Hour-11/snap/MDAlarm_20261102-1100{name}.jpg"


class PassingEvent(Event):
    """An event whose waiting moves the clock instead of sleeping."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._clock.move(timedelta(seconds=timeout or 0))
        return self.is_set()


LINE = {"type": "LINE"}
FOUND = (Detection("Person", 97.5, None, LINE), Detection("Plant", 61.0, None, LINE))
PERSON = Answer(FOUND, "test-1", cut_percent=30.0)


_FACE = Box(0.25, 0.25, 0.5, 0.5)
ALIKE = Compared(ComparedFace(_FACE, 99.0), (ComparedFace(_FACE, 98.5, 97.25),))


class ScriptedDetector:
    """Answers what it is told to, one by one, then `PERSON`; an exception is raised, a callable is called first."""

    def __init__(self) -> None:
        self.script: deque[object] = deque()
        self.asked: list[tuple[str, str]] = []

    def analyse_object(
        self,
        feature: Feature,
        parameters: Mapping[str, Json],  # noqa: ARG002 - the interface
        bucket: str,
        key: str,
        version: str | None = None,  # noqa: ARG002 - the interface
    ) -> Answer:
        return self._answer(feature.name, f"s3://{bucket}/{key}")

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:  # noqa: ARG002 - the interface
        return self._answer(feature.name, f"{len(data)} bytes")

    def _answer(self, feature: str, subject: str) -> Answer:
        self.asked.append((feature, subject))
        step = self.script.popleft() if self.script else PERSON
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step = step()
        assert isinstance(step, Answer)
        return step

    def compare_faces(self, source: bytes, target: bytes) -> Compared:
        self.asked.append((NAME, f"{len(source)} and {len(target)} bytes"))
        step = self.script.popleft() if self.script else ALIKE
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step = step()
        assert isinstance(step, Compared)
        return step

    def check(self) -> None:
        """It can always be used."""


@dataclass
class FakeSightline:
    """One sightline. `sent` is what stands in its queues; `later` is what comes back to them after a while.

    budget: as in SIGHTLINE_BUDGET; empty: none. Each call costs a thousandth of a dollar.
    """

    clock: MovingClock = field(default_factory=MovingClock)
    features: tuple[str, ...] = ("faces", "labels", "text")
    budget: str = ""
    sent: deque[Step] = field(default_factory=deque)
    later: deque[Step] = field(default_factory=deque)
    people_policy: PeoplePolicy | None = None
    known_people: KnownPeople | None = None
    video_plan: VideoPlan = field(default_factory=VideoPlan)
    job_plan: JobPlan = field(default_factory=JobPlan)

    def __post_init__(self) -> None:
        self.images = InMemoryImageStore(self.clock)
        self.videos = InMemoryVideoStore(self.clock)
        self.video_jobs = InMemoryVideoJobStore(self.clock)
        self.job_client = ScriptedVideoJobs(self.clock)
        self.ledger = InMemoryLedger(self.clock)
        self.operations = in_memory_operations(self.clock)
        self.verdicts = InMemoryVerdictStore(self.operations.dirty_days)
        self.rollups = InMemoryRollupStore()
        self.users = InMemoryUserStore(self.clock)
        self.buckets = InMemoryBuckets(self.clock)
        self.buckets.create(BUCKET)
        self.buckets.create(CHECKPOINTS)
        self.graph = InMemoryGraphStore()
        self.queues = InMemoryQueues()
        self.queues.clock = self.clock
        self.detector = ScriptedDetector()
        self.faces = InMemoryFaces()
        self.treasury = treasury_of(self.budget, self.operations, self.clock) if self.budget else None
        operations = {*BESIDE_FEATURES.values(), *(each.operation for each in all_features().values())}
        self.limiter = InMemoryLimiter(self.clock, dict.fromkeys(operations, 50.0), money=self.treasury)
        usual = {name: all_features()[name].parameters for name in self.features}
        deeper = {name: {**usual[name], **all_features()[name].deeper} for name in usual if all_features()[name].deeper}
        self.plan = Plan(usual, "1", deeper, own=Prefix(CHECKPOINTS, OWN_FOLDER))
        self.services = self.make_services(self.plan)

    def make_services(self, plan: Plan) -> Services:
        """Put the stores together, with another plan where settings have changed."""
        reader = CaptureReader(DEFAULT_KEY_PATTERN, {}, ZoneInfo("UTC"), CHECKPOINTS)
        return Services(
            images=self.images,
            videos=self.videos,
            video_jobs=self.video_jobs,
            job_client=self.job_client,
            job_plan=self.job_plan,
            ledger=self.ledger,
            ledger_changes=InMemoryLedgerChanges(self.ledger),
            graph=self.graph,
            merges=GroupCommit(RowMerger(self.images, self.graph.merge), window=timedelta(0)),
            buckets=self.buckets,
            checkpoint_bucket=CHECKPOINTS,
            limiter=self.limiter,
            operations=self.operations,
            queues=self.queues,
            detector=self.detector,
            # No timer: it would outlive its test, whose tables are gone by then. A test flushes.
            calls=CallCounter(self.operations, self.clock, lambda *_: None),
            rejection_breaker=RejectionBreaker(self.operations, self.clock, reader.camera_of, lambda _, do: do()),
            worker_breaker=WorkerBreaker(self.clock),
            plan=plan,
            prices=read_prices("us-east-1"),
            video_plan=self.video_plan,
            sweep=SweepPlan([Prefix(BUCKET)], "%Y-%m-%d/", {}, ZoneInfo("UTC")),
            verdicts=self.verdicts,
            rollups=self.rollups,
            users=self.users,
            accuracy=WATCHED,
            clock_doubts=ClockDoubts(self.images),
            read_capture=reader,
            camera_of=reader.camera_of,
            people_policy=self.people_policy,
            known_people=self.known_people,
            faces=self.faces,
            clock=self.clock,
            stopping=PassingEvent(self.clock),
            treasury=self.treasury,
        )

    def put(self, uri: str, data: bytes) -> None:
        """Upload an object."""
        self.buckets.put(ObjectUri.parse(uri), data)

    def send(self, steps: Iterable[Step]) -> None:
        """Take steps as the queues would."""
        self.sent.extend(steps)

    def add(self, *uris: str, lane: Lane = Lane.LIVE) -> ingest.Added:
        """Add images as a producer does."""
        return ingest.add_images(uris, lane, self.services, self.send)

    def add_video(self, uri: str, most_frames: int = 100) -> ingest.Added:
        """Add a video as a producer does who agrees to so many frames."""
        return ingest.add_images([uri], Lane.LIVE, self.services, self.send, most_frames=most_frames)

    def do(self, step: Step) -> None:
        """Do one step as a worker does, its chain with it."""
        services, (image_id, *rest) = self.services, step.args
        images, headers = services.images, json.loads(json.dumps(step.headers))
        if step.task == INGEST:
            self._ingest(step)
        elif step.task == DETECT:
            told = carried_told(headers)
            result = detect.detect(
                image_id, rest[0], step.lane, told=told, images=images, plan=services.plan, payer=services.payer
            )
            if result and step.then:
                self.send([replace(step.then, headers=result_headers(result))])
        elif step.task == WRITE:
            carried = carried_result(headers)
            self.send(services.results.write(image_id, rest[0], step.lane, carried))
        elif step.task == COMPARE:
            services.comparing.answer(image_id)
        elif step.task == MERGE:
            merge.merge(image_id, merges=services.merges)
        elif step.task == TAKE:
            services.frame_taker.take(image_id, step.lane, self.send)
        elif step.task == START_JOB:
            services.job_runner.start(image_id, self.send)
        elif step.task == COLLECT_JOB:
            services.job_runner.collect(image_id, self.send)

    def _ingest(self, step: Step) -> None:
        try:
            is_new = carried_is_new(step.headers)
            steps = self.services.ingest.ingest(step.args[0], step.lane, may_be_late=False, is_new=is_new)
            self.send(passing_on(steps, step.headers))
        except ImageNotYetWritten:
            self.later.append(step)

    def redrive(self, dead_letters: Iterable[DeadLetter] | None = None) -> list[Counter[str]]:
        """Redrive dead letters, or all that are open; return the counts of each batch."""
        meant = self.operations.dead_letters.read() if dead_letters is None else dead_letters
        jobs = self.services.job_runner
        return [*redrive(meant, self.images, self.videos, jobs, self.operations, self.send)]

    def run(self) -> None:
        """Work until the queues are empty; the clock moves while nothing is left but what comes back later."""
        self.run_now()
        while self.later:
            self.clock.move(EMPTY_LOOKED_AT_EVERY)
            self.send(self.later)
            self.later.clear()
            self.run_now()

    def run_now(self) -> None:
        """Work until nothing is left to do at this moment."""
        while self.sent:
            self.do(self.sent.popleft())
