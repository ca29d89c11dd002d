"""One calling process of the budget's benchmark: threads that pay as workers do, by the product's own path.

Each thread pays for one analysis after the other, each of bytes that nobody has paid for yet: claim, slot with its
money, call, settle. A thread that meets an empty budget asks again twice a second. A line is written for each answer.
It ends with TERM, or is killed.
"""

import argparse
import os
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from uuid import uuid4

from bench.limiter_callers import picture
from sightline.bootstrap import STORES_CONFIG, aws_session, redis_client, utc_now
from sightline.config import Settings
from sightline.errors import BudgetSpent, SightlineError
from sightline.models.answers import Answer, Json
from sightline.models.comparisons import Compared
from sightline.models.images import Content, Lane
from sightline.queues.carried import Facts, Told
from sightline.ratelimit.redis import RedisLimiter
from sightline.rekognition.analysis import analysis_id
from sightline.rekognition.client import ONE_ATTEMPT, Rekognition
from sightline.rekognition.feature import Feature
from sightline.rekognition.paid_calls import price_of
from sightline.services.bucket_gate import BucketGate
from sightline.services.detection import Payer, detect
from sightline.services.held import HeldBytes
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.storage.dynamodb.client import client_of_stores, session_of_stores
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import dynamo_operations
from sightline.testing.buckets import InMemoryBuckets
from sightline.testing.images import InMemoryImageStore

FEATURE = "labels"
LIVE_PAUSE_SECONDS = 0.5
SPENT_PAUSE_SECONDS = 0.5

WINDOW = timedelta(seconds=60)
"""Of the clock that passes two midnights: half a minute before and after each."""

FIRST = datetime(2026, 11, 29, 23, 59, 30, tzinfo=UTC)


def midnights(elapsed: timedelta) -> datetime:
    """Return the time of a clock that passes a midnight, leaps over the day, and passes the month's end."""
    return FIRST + elapsed if elapsed < WINDOW else FIRST + timedelta(days=1) + elapsed - WINDOW


def clock_of(begin: str, skew_seconds: float) -> Callable[[], datetime]:
    """Return a process's clock: the real one if there is no `begin` (seconds since the epoch)."""
    if not begin:
        return utc_now
    return lambda: midnights(timedelta(seconds=time.time() - float(begin) + skew_seconds))


class SendsBytes:
    """A detector that sends one picture's bytes, whatever object is named: the endpoint remembers its answer."""

    def __init__(self, inner: Rekognition) -> None:
        self._inner, self._picture = inner, picture()

    def analyse_object(
        self,
        feature: Feature,
        parameters: Mapping[str, Json],
        bucket: str,  # noqa: ARG002 - the interface
        key: str,  # noqa: ARG002 - the interface
        version: str | None = None,  # noqa: ARG002 - the interface
    ) -> Answer:
        """Analyse the picture."""
        return self._inner.analyse_bytes(feature, parameters, self._picture)

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:
        """Analyse bytes."""
        return self._inner.analyse_bytes(feature, parameters, data)

    def compare_faces(self, source: bytes, target: bytes) -> Compared:
        """Compare two pictures."""
        return self._inner.compare_faces(source, target)

    def check(self) -> None:
        """It can always be used."""


class Caller:
    """What the threads of this process share."""

    def __init__(self, clock: Callable[[], datetime], answers: int) -> None:
        settings = Settings()
        if settings.money is None:
            raise SystemExit("SIGHTLINE_BUDGET is not set")
        session = aws_session(settings, session_of_stores())
        client = client_of_stores(session, settings.dynamodb_endpoint, STORES_CONFIG)
        operations = dynamo_operations(client, settings.table_prefix, clock)
        treasury = Treasury(
            settings.money, operations.budget_accounts, operations.usage, partial(price_of, settings.price_list), clock
        )
        limiter = RedisLimiter(
            redis_client(settings),
            settings.account,
            settings.region,
            settings.all_quotas,
            key_prefix=settings.key_prefix,
            overrides=operations.rate_overrides,
            money=treasury,
        )
        self._images, buckets = InMemoryImageStore(clock), InMemoryBuckets(clock)
        rekognition = session.client("rekognition", endpoint_url=settings.rekognition_endpoint, config=ONE_ATTEMPT)
        self._payer = Payer(
            ledger=DynamoLedger(client, settings.table_prefix, clock, buckets, settings.checkpoint_bucket),
            limiter=limiter,
            buckets=buckets,
            detector=SendsBytes(Rekognition(rekognition)),
            calls=CallCounter(operations, clock),
            prices=settings.price_list,
            stopping=Event(),
            clock=clock,
            held=HeldBytes(self._images, buckets, settings.checkpoint_bucket, clock),
            bucket_gate=BucketGate(operations, clock),
            treasury=treasury,
        )
        self._plan = settings.plan
        self._clock = clock
        self._answers = answers

    def stop(self) -> None:
        """Wake whoever waits, and end."""
        self._payer.stopping.set()

    def call_until_stopped(self, lane: Lane) -> None:
        """Pay for one analysis after the other."""
        while not self._payer.stopping.is_set():
            try:
                self._pay(lane)
                self._write(f"{lane} answered")
                pause = LIVE_PAUSE_SECONDS if lane is Lane.LIVE else 0.0
            except BudgetSpent:
                self._write(f"{lane} waits")
                pause = SPENT_PAUSE_SECONDS
            except SightlineError:
                pause = 0.1
            self._payer.stopping.wait(pause)

    def _pay(self, lane: Lane) -> None:
        sha256 = uuid4().hex * 2
        content = Content(sha256, "etag", 1000, 80, 80, version="1")
        wanted = analysis_id(sha256, FEATURE, self._plan.features[FEATURE], self._plan.generation)
        facts = Facts(wanted, content, self._clock())
        uri = f"s3://bench/yard/{sha256}.jpg"
        detect(uri, FEATURE, lane, told=Told(facts), images=self._images, plan=self._plan, payer=self._payer)

    def _write(self, what: str) -> None:
        os.write(self._answers, f"{time.time()} {what}\n".encode())


def main() -> None:
    """Call until TERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--live", type=int, required=True)
    parser.add_argument("--answers", required=True)
    parser.add_argument("--begin", default="")
    parser.add_argument("--skew", type=float, default=0.0)
    options = parser.parse_args()
    answers = os.open(options.answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    caller = Caller(clock_of(options.begin, options.skew), answers)
    signal.signal(signal.SIGTERM, lambda *_: caller.stop())
    lanes = [Lane.LIVE] * options.live + [Lane.BACKFILL] * (options.threads - options.live)
    with ThreadPoolExecutor(options.threads) as pool:
        for done in [pool.submit(caller.call_until_stopped, lane) for lane in lanes]:
            done.result()


if __name__ == "__main__":
    main()
