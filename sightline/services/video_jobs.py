"""Jobs on stored videos: each started once for its bytes, found out about, collected, and shown in the graph.

The row comes before Start…, which is sent under a token that follows from the row: whoever sends it again within seven
days gets the same job and pays nothing more. So a process may die anywhere, and messages may be lost, come twice or
late: every step reads the row, does what is missing, and writes it only if nobody has changed it meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from sightline.errors import (
    BadMessage,
    BudgetSpent,
    ImageChanged,
    ImageMissing,
    NewerVersion,
    OutcomeUnknown,
    RejectedError,
    RetryableError,
    SightlineError,
)
from sightline.graph.protocol import GraphStore, VideoFindings
from sightline.models.answers import Json
from sightline.models.budgets import Charge, Purse
from sightline.models.images import Lane, Rejection
from sightline.models.spending import Line, Reason
from sightline.models.video_jobs import JobState, VideoJob
from sightline.queues.publishing import Publish
from sightline.queues.steps import START_JOB, collect_job_step, start_job_step
from sightline.ratelimit.protocol import Funds
from sightline.rekognition.video_client import Place, Standing, VideoJobClient
from sightline.rekognition.video_job import row_id, token
from sightline.rekognition.video_jobs import job_kind_named
from sightline.services.dead_letters import write_dead_letter
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.services.video_job_plan import JobPlan, JobQuote
from sightline.services.video_job_results import read_results, spans_of
from sightline.storage.books import Position
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.dead_letters import dead_letter_id_of
from sightline.storage.operations import Operations
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.storage.videos.protocol import VideoStore
from sightline.timing import CHECK_AFTER
from sightline.video_errors import JobFailed, JobOutcomeUnknown, JobsAtLimit, VideoOverwritten

log = structlog.get_logger()

TOKEN_TRUSTED_FOR = timedelta(days=6)
"""AWS forgets a token after seven days: what is sent under it then is another job."""

LONGEST_PAUSE = timedelta(hours=1)
"""Between two looks at a job that nobody tells of."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Does each step of a job. checkpoint_bucket: where results are kept."""

    video_jobs: VideoJobStore
    videos: VideoStore
    buckets: Buckets
    operations: Operations
    job_client: VideoJobClient
    job_plan: JobPlan
    graph: GraphStore
    calls: CallCounter
    treasury: Treasury | None
    checkpoint_bucket: str
    clock: Callable[[], datetime]

    # --- adding

    def add(self, quoted: Sequence[JobQuote], lane: Lane, send: Publish) -> None:
        """Add the jobs that somebody agreed to; those that are known go on as they are, one that failed starts anew."""
        rows = [self._added(each, lane) for each in quoted]
        for row in rows:
            self.videos.note_job(row.asked.video_id, row.asked.kind, row.job_id)
        send([start_job_step(row.job_id, lane) for row in rows if row.state is JobState.WAITING])

    def _added(self, quoted: JobQuote, lane: Lane) -> VideoJob:
        now = self.clock()
        new = VideoJob(
            row_id(quoted.asked),
            quoted.asked,
            lane,
            JobState.WAITING,
            now,
            quoted.length_ms,
            quoted.micro_usd,
            next_check_at=now + CHECK_AFTER,
        )
        standing = self.video_jobs.add(new)
        return self.again(standing) if standing.state is JobState.REJECTED else standing

    def again(self, rejected: VideoJob) -> VideoJob:
        """Make a job that failed wait again, under another token; return what is there then."""
        fresh = replace(
            rejected,
            state=JobState.WAITING,
            attempt=rejected.attempt + 1,
            begun_at=None,
            is_paid_for=False,
            aws_job_id="",
            started_at=None,
            looks=0,
            next_check_at=self.clock() + CHECK_AFTER,
        )
        return self.video_jobs.save(rejected, fresh) or self._row(rejected.job_id)

    # --- starting

    def start(self, job_id: str, send: Publish) -> None:
        """Start a job if it has a place; without one it waits. Twice, or late, this changes nothing.

        Raises BadMessage if there is no such job, BudgetSpent, ImageChanged if another process changed the row, and
        what may pass: the same token is then sent again.
        """
        job = self._row(job_id)
        if job.state is not JobState.WAITING:
            return
        try:
            self._start(job)
        except JobsAtLimit as error:
            log.info("A job waits: the account has as many as it may", job=job_id, said=str(error))
        except RejectedError as error:
            self._reject(self._row(job_id), error)
            self.fill_places(send)

    def _start(self, job: VideoJob) -> None:
        self._require_young_token(job)
        self._require_same_bytes(job)
        if not self.video_jobs.take_place(job.job_id, self.job_plan.at_once):
            log.info("A job waits for a place", job=job.job_id, video=job.asked.video_id)
            return
        taken = self._take_money(job)
        begun = self._save(job, replace(job, begun_at=job.begun_at or self.clock(), is_paid_for=True))
        try:
            aws_job_id = self._ask(begun)
        except OutcomeUnknown:
            raise  # it may run: it keeps its money and its place, and the same token is sent again
        except SightlineError:
            self._give_back(taken, 0)
            self._save(begun, replace(begun, begun_at=job.begun_at, is_paid_for=job.is_paid_for))
            self.video_jobs.leave_place(job.job_id)
            raise
        self._give_back(taken, job.micro_usd)
        now = self.clock()
        started = replace(begun, state=JobState.STARTED, aws_job_id=aws_job_id, started_at=now)
        self._book(self._save(begun, replace(started, next_check_at=now + CHECK_AFTER)))

    def _ask(self, job: VideoJob) -> str:
        kind, uri = job_kind_named(job.asked.kind), ObjectUri.parse(job.asked.video_id)
        place = Place(uri.bucket, uri.key, job.asked.version)
        return self.job_client.start(kind, place, job.asked.parameters, token(job.asked, job.attempt), job.job_id)

    def _take_money(self, job: VideoJob) -> tuple[Charge, Funds] | None:
        """Take what the job costs from the budget, unless that was done.

        Raise BudgetSpent if there is too little: the job has no place then, and others are tried before it.
        """
        purse = Purse(job_kind_named(job.asked.kind).called, job.lane)
        treasury = self.treasury
        if treasury is None or job.is_paid_for or not job.micro_usd or not treasury.budget.caps_of(purse):
            return None
        charge = Charge(purse, treasury.today(), job.micro_usd)
        try:
            return charge, treasury.take(charge, Funds(), 1, 0)
        except BudgetSpent:
            self.video_jobs.leave_place(job.job_id)
            self._save(job, replace(job, next_check_at=self.clock() + CHECK_AFTER))
            raise

    def _give_back(self, taken: tuple[Charge, Funds] | None, spent: int) -> None:
        if taken and self.treasury:
            charge, funds = taken
            self.treasury.give_back(charge.purse, charge.day, replace(funds, micro_usd=funds.micro_usd - spent))

    def _require_young_token(self, job: VideoJob) -> None:
        if job.begun_at and self.clock() - job.begun_at > TOKEN_TRUSTED_FOR:
            raise JobOutcomeUnknown(job.asked.video_id)

    def _require_same_bytes(self, job: VideoJob) -> None:
        """Require the bytes that were agreed to; a version that is named cannot be overwritten."""
        if job.asked.version is None and self.buckets.head(ObjectUri.parse(job.asked.video_id)).etag != job.asked.etag:
            raise VideoOverwritten(job.asked.video_id)

    def _book(self, job: VideoJob) -> None:
        """Count a job's minutes in the books, once for each attempt however often this is called."""
        kind = job_kind_named(job.asked.kind)
        day = (job.started_at or self.clock()).astimezone(UTC).date().isoformat()
        reason = Reason.NEW if job.attempt == 1 else Reason.RETRIED
        line = Line(day, kind.called, (kind.start,), job.lane, reason)
        begun = Position(f"video job {job.job_id} {job.attempt}")
        try:
            if self.operations.books.book({line: job.minutes}, begun, replace(begun, after="started", is_ended=True)):
                self.calls.count(kind.called, "answered", job.micro_usd)
        except RetryableError as error:
            log.warning("A job is booked when it is collected", job=job.job_id, error=str(error))

    # --- collecting

    def collect(self, job_id: str, send: Publish) -> None:
        """Ask how a job stands; if it has ended, keep its results and show them. Twice, or late, it changes nothing."""
        job = self._row(job_id)
        if job.state is JobState.WAITING:  # AWS tells of a job whose Start… was never answered: its token finds it
            send([start_job_step(job_id, job.lane)])
            return
        if job.state is JobState.STARTED:
            try:
                job = self._collected(job)
            except RejectedError as error:
                job = self._reject(self._row(job_id), error)
            if job.state is not JobState.STARTED:
                self.fill_places(send)
        if job.state is JobState.COLLECTED:
            self._show(job)

    def _collected(self, job: VideoJob) -> VideoJob:
        self._book(job)
        kind = job_kind_named(job.asked.kind)
        looked = self.job_client.look(kind, job.aws_job_id)
        if looked.standing is Standing.RUNNING:
            return job
        if looked.standing is Standing.FAILED:
            raise JobFailed(job.asked.video_id, rule=f"{JobFailed.rule} (AWS: {looked.told or 'no reason'})")
        results = read_results(job, kind, self.job_client, self.buckets, self.checkpoint_bucket)
        try:
            self._require_same_bytes(job)
        except ImageMissing:
            log.info("A video was deleted after its job was started; the results stay", video=job.asked.video_id)
        self.video_jobs.leave_place(job.job_id)
        return self._save(
            job, replace(job, state=JobState.COLLECTED, results=results, next_check_at=self.clock() + CHECK_AFTER)
        )

    def _show(self, job: VideoJob) -> None:
        """Show a job in the graph, unless a newer one of its kind is there; then it is complete."""
        kind, video = job_kind_named(job.asked.kind), self.videos.get(job.asked.video_id)
        is_newest = video is None or video.jobs.get(kind.name, job.job_id) == job.job_id
        if kind.node and job.results and is_newest:
            spans = spans_of(job.results, kind, self.buckets)
            node = (kind.node.node, kind.node.node_property)
            self.graph.show_video(VideoFindings(job.asked.video_id, kind.name, *node, spans))
        self._save(job, replace(job, state=JobState.COMPLETE, next_check_at=None, rejection=None))
        if job.rejection:
            self._close(job)

    def _close(self, job: VideoJob) -> None:
        """Close a job's dead letter, unless another job of the video has the same one."""
        video = self.videos.get(job.asked.video_id)
        others = [self.video_jobs.get(each) for each in (video.jobs.values() if video else ()) if each != job.job_id]
        kept = {each.rejection.error for each in others if each and each.rejection}
        if job.rejection and job.rejection.error not in kept:
            self.operations.dead_letters.close(dead_letter_id_of(job.rejection.error, job.asked.video_id))

    # --- what both need

    def fill_places(self, send: Publish) -> None:
        """Send the steps of jobs that wait, as many as there are places, those that wait longest first."""
        free = self.job_plan.at_once - len(self.video_jobs.places())
        far = self.clock() + timedelta(days=1)
        waiting = self.video_jobs.due(far, is_started=False) if free > 0 else iter(())
        send([start_job_step(job.job_id, job.lane) for job in islice(waiting, max(free, 0)) if job.is_known])

    def _row(self, job_id: str) -> VideoJob:
        job = self.video_jobs.get(job_id)
        if job is None:
            rule = "a job must be added before it is started or collected"
            raise BadMessage(job_id, rule=rule, remedy="Add its video with `sightline add`; see docs/video.md")
        if not job.is_known:
            raise NewerVersion(job_id)
        return job

    def _save(self, seen: VideoJob, now: VideoJob) -> VideoJob:
        written = self.video_jobs.save(seen, now)
        if written is None:
            raise ImageChanged(seen.job_id)
        return written

    def _reject(self, job: VideoJob, error: RejectedError) -> VideoJob:
        """End a job with a dead letter. Its row names AWS's job, if there is one."""
        if job.state not in {JobState.WAITING, JobState.STARTED}:
            return job
        write_dead_letter(
            type(error)(job.asked.video_id, rule=f"its job {job.asked.kind}: {error.rule}", remedy=error.remedy),
            step=START_JOB,
            message={"args": [job.job_id, job.lane]},
            image_id=job.asked.video_id,
            operations=self.operations,
            clock=self.clock,
        )
        self.video_jobs.leave_place(job.job_id)
        why = Rejection(type(error).__name__, str(error))
        return self._save(job, replace(job, state=JobState.REJECTED, rejection=why, next_check_at=None))


def reconcile_jobs(runner: JobRunner, goes_on: Callable[[], bool], send: Publish) -> Mapping[str, Json]:
    """Look at jobs that nobody told of, after 2, 4, 8 … minutes; and start those that wait, if there are places."""
    now, looked = runner.clock(), 0
    for job in runner.video_jobs.due(now, is_started=True):
        if not goes_on():
            break
        if job.is_known:
            send([collect_job_step(job.job_id, job.lane)])
            pause = min(CHECK_AFTER * 2 ** min(job.looks + 1, 10), LONGEST_PAUSE)
            runner.video_jobs.save(job, replace(job, looks=job.looks + 1, next_check_at=now + pause))
            looked += 1
    _look_at_places(runner, send)
    runner.fill_places(send)
    return {"jobs_looked_at": looked}


def _look_at_places(runner: JobRunner, send: Publish) -> None:
    """Go on with jobs that have a place and whose process died before it started them, or after they had ended."""
    for job_id, since in runner.video_jobs.places().items():
        if runner.clock() - since < CHECK_AFTER:
            continue
        job = runner.video_jobs.get(job_id)
        if job is None or job.state in {JobState.COLLECTED, JobState.COMPLETE, JobState.REJECTED}:
            runner.video_jobs.leave_place(job_id)
        elif job.state is JobState.WAITING:
            send([start_job_step(job_id, job.lane)])
