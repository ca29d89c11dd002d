"""A sightline over real tables, buckets and limits, whose detector, graph and queues are fakes."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from sightline.errors import RejectedError, RetryableError
from sightline.graph.group_commit import GroupCommit
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.ratelimit.redis import RedisLimiter
from sightline.rekognition.features import all_features
from sightline.rekognition.paid_calls import BESIDE_FEATURES
from sightline.services.clock_doubts import ClockDoubts
from sightline.services.failures import keep_failure
from sightline.services.graph_merge import RowMerger
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.usage import CallCounter
from sightline.services.video_job_plan import JobPlan
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.ledger.changes import DynamoLedgerChanges
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.users.dynamodb import DynamoUserStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.video_jobs.dynamodb import DynamoVideoJobStore
from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline
from tests.integration.deploy.exercised import Method, noting

POLICY = PeoplePolicy("see that all rights are there", "consent", 1, ("gate",))


class Deployed(FakeSightline):
    """The stores keep long answers and figures apart, however short they are. called: the methods of stores called.

    camera: uploads and deletes images
    """

    def __init__(self, dynamodb: Any, streams: Any, prefix: str, s3: Any, camera: S3Buckets, redis: Redis) -> None:
        super().__init__(clock=MovingClock(), features=("labels",))
        self.clock.now = datetime.now(UTC)
        self.frames, self.own = f"frames-{prefix}".strip("-"), f"own-{prefix}".strip("-")
        self.camera = camera
        self.camera.create(self.frames)
        self.called: set[Method] = set()
        buckets = S3Buckets(s3)
        stores = noting(
            {
                "buckets": buckets,
                "images": DynamoImageStore(dynamodb, prefix, self.clock),
                "videos": DynamoVideoStore(dynamodb, prefix, self.clock),
                "video_jobs": DynamoVideoJobStore(dynamodb, prefix, self.clock),
                "ledger": DynamoLedger(dynamodb, prefix, self.clock, buckets, self.own, largest_in_row_bytes=0),
                "ledger_changes": DynamoLedgerChanges(dynamodb, lambda: streams, prefix),
                "verdicts": DynamoVerdictStore(dynamodb, prefix),
                "users": DynamoUserStore(dynamodb, prefix, self.clock),
                "rollups": DynamoRollupStore(dynamodb, prefix, longest_text=500),
                "operations": dynamo_operations(dynamodb, prefix, self.clock),
            },
            self.called,
        )
        operations = stores["operations"]
        quotas = dict.fromkeys(BESIDE_FEATURES.values(), 50.0) | {
            each.operation: 50.0 for each in all_features().values()
        }
        self.older_limiter = RedisLimiter(redis, "1", "eu", quotas, prefix)
        self.services = replace(
            self.services,
            **stores,
            merges=GroupCommit(RowMerger(stores["images"], self.services.graph.merge), window=timedelta(0)),
            checkpoint_bucket=self.own,
            calls=CallCounter(operations, self.clock, _at_once),
            rejection_breaker=RejectionBreaker(
                operations, self.clock, self.services.rejection_breaker.camera_of, _at_once
            ),
            clock_doubts=ClockDoubts(stores["images"]),
            limiter=RedisLimiter(redis, "1", "eu", quotas, prefix, overrides=operations.rate_overrides),
            people_policy=POLICY,
            known_people=KnownPeople(POLICY, 99.0),
            job_plan=JobPlan(("labels", "faces")),
            sweep=replace(self.services.sweep, prefixes=[Prefix(self.frames)]),
        )

    def upload(self, number: int, data: bytes, camera: str = "yard") -> str:
        """Upload an image of today."""
        day = f"{self.clock.now:%Y-%m-%d}"
        name = f"MDAlarm_{self.clock.now:%Y%m%d}-11{number // 60:02}{number % 60:02}"
        uri = f"s3://{self.frames}/{camera}/{day}/Hour-11/snap/{name}.jpg"
        self.overwrite(uri, data)
        return uri

    def overwrite(self, uri: str, data: bytes) -> None:
        """Upload an object."""
        self.camera.put(ObjectUri.parse(uri), data)

    def work(self) -> None:
        """Do what waits, as tasks do: what is refused for good is kept on its row, what fails otherwise ends there."""
        while self.sent:
            step = self.sent.popleft()
            with suppress(RetryableError):
                try:
                    self.do(step)
                except RejectedError as error:
                    s = self.services
                    keep_failure(error, step.args[0], step.task, images=s.images, operations=s.operations)


def _at_once(_: float, do: Any) -> None:
    do()
