"""The one place where clients are built and put together. Called after the process has started, never at import."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Any, Literal
from zoneinfo import ZoneInfo

import boto3
import botocore.session
import neo4j
import redis
from botocore.config import Config

from sightline.config import Settings
from sightline.graph.group_commit import GroupCommit
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.producer_settings import ListenerSettings, ProducerSettings
from sightline.queues.redis import RedisQueues
from sightline.queues.sqs import POLL_SECONDS, SqsQueue
from sightline.queues.tls import tls_options, without_tls_options
from sightline.ratelimit.redis import RedisLimiter, client_options
from sightline.rekognition.client import ONE_ATTEMPT, Rekognition
from sightline.rekognition.known_faces import RekognitionFaces, collection_name
from sightline.rekognition.paid_calls import called_by_policy, price_of
from sightline.rekognition.video_client import RekognitionVideo
from sightline.services.capture import CaptureReader
from sightline.services.clock_doubts import ClockDoubts
from sightline.services.collaborators import Services, SweepPlan
from sightline.services.event_decisions import Filter
from sightline.services.graph_merge import RowMerger
from sightline.services.ingest import Producer
from sightline.services.listening import Listener
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.services.worker_breaker import WorkerBreaker
from sightline.storage.buckets.protocol import Prefix
from sightline.storage.buckets.s3 import S3Buckets
from sightline.storage.dynamodb.client import client_of_stores, session_of_stores
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.label_set.dynamodb import DynamoLabelSet
from sightline.storage.label_set.protocol import LabelSet
from sightline.storage.ledger.changes import DynamoLedgerChanges
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import Operations, dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.users.dynamodb import DynamoUserStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.video_jobs.dynamodb import DynamoVideoJobStore
from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.timing import STORE_ATTEMPTS, STORE_CONNECT, STORE_READ

STORES_CONFIG = Config(
    connect_timeout=STORE_CONNECT.total_seconds(),
    read_timeout=STORE_READ.total_seconds(),
    retries={"mode": "standard", "total_max_attempts": STORE_ATTEMPTS},
    max_pool_connections=80,
)
"""S3 and DynamoDB: botocore retries. 80 connections: a graph worker has 64 threads."""

QUEUES_CONFIG = STORES_CONFIG.merge(Config(read_timeout=POLL_SECONDS + STORE_READ.total_seconds()))
"""SQS: it answers an empty queue's listener after the poll."""


def connect(
    settings: Settings | None = None,
    *,
    stopping: Event | None = None,
    on_request: Callable[[str, str], None] | None = None,
    stores: Config = STORES_CONFIG,
) -> Services:
    """Build the services from the settings. Servers are first talked to when they are first used.

    on_request: called with service and operation of each HTTP request to AWS, repeated ones too
    stores: timeouts and attempts of S3 and DynamoDB
    """
    chosen = settings or Settings()
    session = _told_session(chosen, on_request)
    dynamodb = client_of_stores(session, chosen.dynamodb_endpoint, stores)
    buckets, reader = S3Buckets(s3_client(chosen, session, stores)), capture_reader(chosen)
    operations = dynamo_operations(dynamodb, chosen.table_prefix, utc_now)
    treasury = treasury_of(chosen, operations)
    graph = Neo4jGraphStore(neo4j_driver(chosen), chosen.neo4j_database)
    images = DynamoImageStore(dynamodb, chosen.table_prefix, utc_now)
    rekognition = _rekognition(chosen, session)
    return Services(
        images=images,
        videos=DynamoVideoStore(dynamodb, chosen.table_prefix, utc_now),
        video_jobs=DynamoVideoJobStore(dynamodb, chosen.table_prefix, utc_now),
        ledger=DynamoLedger(dynamodb, chosen.table_prefix, utc_now, buckets, chosen.checkpoint_bucket),
        ledger_changes=_ledger_changes(chosen, session, dynamodb, stores),
        graph=graph,
        merges=GroupCommit(RowMerger(images, graph.merge)),
        buckets=buckets,
        limiter=_limiter(chosen, operations, treasury),
        operations=operations,
        queues=redis_queues(chosen),
        detector=Rekognition(rekognition),
        job_client=RekognitionVideo(rekognition, chosen.job_channel),
        faces=RekognitionFaces(rekognition, collection_name(chosen.table_prefix, chosen.generation)),
        calls=CallCounter(operations, utc_now),
        rejection_breaker=RejectionBreaker(operations, utc_now, reader.camera_of),
        clock_doubts=ClockDoubts(images),
        worker_breaker=WorkerBreaker(utc_now),
        verdicts=DynamoVerdictStore(dynamodb, chosen.table_prefix),
        rollups=DynamoRollupStore(dynamodb, chosen.table_prefix),
        users=DynamoUserStore(dynamodb, chosen.table_prefix, utc_now),
        **_chosen(chosen),
        read_capture=reader,
        camera_of=reader.camera_of,
        clock=utc_now,
        stopping=stopping or Event(),
        treasury=treasury,
    )


def _chosen(settings: Settings) -> dict[str, Any]:
    """Return those collaborators that the settings alone tell."""
    return {
        "plan": settings.plan,
        "checkpoint_bucket": settings.checkpoint_bucket,
        "prices": settings.price_list,
        "video_plan": settings.video_plan,
        "job_plan": settings.job_plan,
        "sweep": sweep_plan(settings),
        "accuracy": settings.accuracy_plan,
        "people_policy": settings.people_policy,
        "known_people": settings.known_people_plan,
    }


def _told_session(settings: Settings, on_request: Callable[[str, str], None] | None) -> boto3.Session:
    session = aws_session(settings, session_of_stores())
    if on_request is not None:
        tell_requests(session, on_request)
    return session


def _ledger_changes(settings: Settings, session: boto3.Session, client: Any, stores: Config) -> DynamoLedgerChanges:
    return DynamoLedgerChanges(client, lambda: streams_client(session, settings, stores), settings.table_prefix)


def treasury_of(settings: Settings, operations: Operations) -> Treasury | None:
    """Build what gives out the budget; None if there is none.

    Raise ConfigurationError if a feature has no price, or what the policy on people allows has none.
    """
    if settings.money is None:
        return None
    prices = settings.price_list
    for called in called_by_policy(is_policy=settings.people_policy is not None, is_known=settings.known_people):
        price_of(prices, called)
    for plan in (settings.plan.features, settings.plan.deeper):
        for name, parameters in plan.items():
            price_of(prices, name, parameters)
    return Treasury(settings.money, operations.budget_accounts, operations.usage, partial(price_of, prices), utc_now)


def connect_producer(settings: ProducerSettings) -> Producer:
    """Build what adds images: the table of images, and the dead letters of what is refused."""
    session = aws_session(settings, session_of_stores())
    dynamodb = client_of_stores(session, settings.dynamodb_endpoint, STORES_CONFIG)
    images = DynamoImageStore(dynamodb, settings.table_prefix, utc_now)
    videos = DynamoVideoStore(dynamodb, settings.table_prefix, utc_now)
    return Producer(images, videos, dynamo_operations(dynamodb, settings.table_prefix, utc_now), utc_now)


def connect_listener(settings: ListenerSettings, services: Services | None = None) -> Listener:
    """Build what carries out S3's events and the ends of jobs: the tables of images, videos and operations.

    services: whose stores to use; None: stores of its own
    """
    made = services or connect_producer(settings)
    calls = services.calls if services else CallCounter(made.operations, utc_now)
    own = Filter(settings.own_objects, settings.skipped_suffixes)
    jobs = services.video_jobs if services else _job_store(settings)
    return Listener(made.images, jobs, made.operations, calls, own, made.clock)


def _job_store(settings: ListenerSettings) -> DynamoVideoJobStore:
    session = aws_session(settings, session_of_stores())
    client = client_of_stores(session, settings.dynamodb_endpoint, STORES_CONFIG)
    return DynamoVideoJobStore(client, settings.table_prefix, utc_now)


def event_queue(settings: ListenerSettings, url: str) -> SqsQueue:
    """Build the client of a queue of S3's events."""
    client = aws_session(settings).client("sqs", endpoint_url=settings.sqs_endpoint, config=QUEUES_CONFIG)
    return SqsQueue(client, url)


def redis_queues(settings: ProducerSettings) -> RedisQueues:
    """Build what reads the lengths of queues."""
    return RedisQueues(redis_client(settings), settings.key_prefix)


def _limiter(settings: Settings, operations: Operations, treasury: Treasury | None) -> RedisLimiter:
    return RedisLimiter(
        redis_client(settings),
        settings.account,
        settings.region,
        settings.all_quotas,
        key_prefix=settings.key_prefix,
        overrides=operations.rate_overrides,
        money=treasury,
    )


def _rekognition(settings: Settings, session: boto3.Session) -> Any:
    config = ONE_ATTEMPT.merge(Config(max_pool_connections=32))
    return session.client("rekognition", endpoint_url=settings.rekognition_endpoint, config=config)


def connect_label_set(settings: Settings, table: str) -> LabelSet:
    """Build what reads another system's table of labels, in the settings' account and region."""
    client = aws_session(settings).client("dynamodb", endpoint_url=settings.dynamodb_endpoint, config=STORES_CONFIG)
    return DynamoLabelSet(client, table)


def tell_requests(session: boto3.Session, told: Callable[[str, str], None]) -> None:
    """Have botocore tell of each request that the session's clients, built after this, send: `dynamodb`, `GetItem`."""

    def before_send(event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:]
        told(service, operation)

    session.events.register("before-send", before_send)


def utc_now() -> datetime:
    """Return the time: the clock of everything that is not a test."""
    return datetime.now(UTC)


def aws_session(settings: ProducerSettings, inner: botocore.session.Session | None = None) -> boto3.Session:
    """Open a session with the settings' keys, or else with whatever AWS's usual chain finds.

    inner: botocore's session in it; None: a plain one
    """
    key, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    return boto3.Session(
        aws_access_key_id=key.get_secret_value() if key else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        region_name=settings.region,
        botocore_session=inner,
    )


def s3_client(settings: Settings, session: boto3.Session, config: Config = STORES_CONFIG) -> Any:
    """Build the client for S3. A stand-in has no host name for each bucket, so there the bucket is in the path.

    Links are signed by version 4: botocore's default for them is version 2, which S3 refuses for newer buckets.
    """
    style: Literal["path", "auto"] = "path" if settings.s3_endpoint else "auto"
    of_s3 = Config(signature_version="s3v4", s3={"addressing_style": style})
    return session.client("s3", endpoint_url=settings.s3_endpoint, config=config.merge(of_s3))


def streams_client(session: boto3.Session, settings: ProducerSettings, config: Config = STORES_CONFIG) -> Any:
    """Build the client of the tables' streams. DynamoDB Local serves them at its own address."""
    return session.client("dynamodbstreams", endpoint_url=settings.dynamodb_endpoint, config=config)


def redis_client(settings: ProducerSettings) -> redis.Redis:
    """Build the limiter's client. It gives up soon: without Redis each process keeps a rate of its own."""
    url = settings.redis_url.get_secret_value()
    options = client_options() | tls_options(url, settings.redis_ca_file)
    return redis.Redis.from_url(without_tls_options(url), **options)


def neo4j_driver(settings: Settings) -> neo4j.Driver:
    """Build the driver; it connects when it is first used, and never waits longer than a task may."""
    auth = (settings.neo4j_user, settings.neo4j_password.get_secret_value())
    return neo4j.GraphDatabase.driver(
        settings.neo4j_uri,
        auth=auth,
        connection_timeout=5,
        connection_acquisition_timeout=15,
        max_transaction_retry_time=0,  # sightline/graph/neo4j.py retries, sooner than the driver's first second
        notifications_min_severity="OFF",
    )


def capture_reader(settings: Settings) -> CaptureReader:
    """Build what reads camera and capture time."""
    zones, default_zone = time_zones(settings), ZoneInfo(settings.time_zone)
    return CaptureReader(settings.key_pattern, zones, default_zone, settings.checkpoint_bucket)


def sweep_plan(settings: Settings) -> SweepPlan:
    """Build what is swept."""
    prefixes = [Prefix.parse(uri) for uri in settings.sweep]
    return SweepPlan(prefixes, settings.sweep_day_folder, time_zones(settings), ZoneInfo(settings.time_zone))


def time_zones(settings: Settings) -> dict[str, ZoneInfo]:
    """Return the time zones of cameras that have one of their own."""
    return {camera: ZoneInfo(name) for camera, name in settings.camera_time_zones.items()}
