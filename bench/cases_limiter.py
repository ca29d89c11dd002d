"""Cases of the rate limiter in Redis: what outlives it, and what leaves after the ledger has hung."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from uuid import uuid4

import redis
from typing_extensions import override

from bench.cases_outcome import Case, Seen
from bench.soak_environment import Environment
from bench.soak_pictures import picture_of
from sightline.models.answers import Answer
from sightline.models.images import Lane
from sightline.queues.carried import Told
from sightline.queues.steps import DETECT
from sightline.ratelimit.redis import RedisLimiter, client_options
from sightline.services.detection import detect
from sightline.storage.ledger.protocol import Analysis, Entry
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import BUCKET, PERSON, FakeSightline, ScriptedDetector
from sightline.testing.ledger import InMemoryLedger

OPERATION = "DetectLabels"
RATE = 1.0
QUOTA = 5.0
THREADS = 16
IMAGES = 60
HANGS_FROM, HANGS_FOR = 3.0, 4.0
CALL_SECONDS = 0.3


def cases(environment: Environment) -> list[Case]:
    """Return the cases of this group."""
    hang = f"the ledger hangs for {HANGS_FOR:g} s at {QUOTA:g} calls a second"
    return [
        Case("a rate that was set", "FLUSHALL", "it is still in force", partial(_rate, environment)),
        Case("slots after a hang", hang, f"at most {QUOTA + 1:g} in any second", partial(_slots, environment)),
    ]


def _rate(environment: Environment) -> Seen:
    limiter = environment.services.limiter
    limiter.override(OPERATION, RATE, "a second account shares it")
    try:
        environment.redis.flushall()
        limiter.reserve(OPERATION, Lane.LIVE)
        rate = limiter.rates()[OPERATION]
        return Seen(f"{rate.quota:g} a second ({rate.reason})", rate.quota == RATE)
    finally:
        limiter.override(OPERATION, None, "")


class _RealClock(MovingClock):
    """A clock that cannot be moved: it sleeps."""

    @override
    def __call__(self) -> datetime:
        return datetime.now(UTC)

    @override
    def move(self, by: timedelta) -> None:
        time.sleep(by.total_seconds())


class _HangingLedger(InMemoryLedger):
    """A ledger whose claims hang for a while. elapsed: seconds since the beginning; None before it."""

    def __init__(self, clock: Callable[[], datetime], elapsed: Callable[[], float]) -> None:
        super().__init__(clock)
        self._elapsed = elapsed

    @override
    def claim(self, analysis: Analysis) -> Entry:
        if HANGS_FROM <= self._elapsed() < HANGS_FROM + HANGS_FOR:
            time.sleep(HANGS_FROM + HANGS_FOR - self._elapsed())
        return super().claim(analysis)


class _NotingDetector(ScriptedDetector):
    """A detector that notes when each call begins."""

    def __init__(self) -> None:
        super().__init__()
        self.called_at: list[float] = []
        self._noting = Lock()

    @override
    def _answer(self, feature: str, subject: str) -> Answer:
        with self._noting:
            self.called_at.append(time.monotonic())
        time.sleep(CALL_SECONDS)
        return PERSON


def _slots(environment: Environment) -> Seen:
    with redis.Redis.from_url(environment.settings.redis_url.get_secret_value(), **client_options()) as client:
        limiter = RedisLimiter(client, "cases", uuid4().hex, {OPERATION: QUOTA}, environment.settings.key_prefix)
        called_at = sorted(_calls(limiter))
    worst = max(sum(first <= at < first + 1 for at in called_at) for first in called_at)
    return Seen(f"{len(called_at)} calls, at most {worst} in any second", worst <= QUOTA + 1)


def _calls(limiter: RedisLimiter) -> list[float]:
    """Have threads ask about images; return when each call began."""
    world, detector = FakeSightline(clock=_RealClock(), features=("labels",)), _NotingDetector()
    uris = [f"s3://{BUCKET}/yard/{number}.jpg" for number in range(IMAGES)]
    for number, uri in enumerate(uris):
        world.put(uri, picture_of(f"slots {number}"))  # bytes of its own: a claim is by content
    begun = time.monotonic()
    world.ledger = _HangingLedger(world.clock, lambda: time.monotonic() - begun)
    services = replace(world.make_services(world.plan), limiter=limiter, detector=detector)
    world.services = services
    world.add(*uris)
    while world.sent and world.sent[0].task != DETECT:
        world.do(world.sent.popleft())
    with ThreadPoolExecutor(THREADS) as pool:
        ask = partial(detect, told=Told(), images=services.images, plan=services.plan, payer=services.payer)
        list(pool.map(lambda uri: ask(uri, "labels", Lane.LIVE), uris))
    return detector.called_at
