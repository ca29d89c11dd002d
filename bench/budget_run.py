"""A run of the budget's benchmark: processes that pay, what is done to them and to Redis, and what came of it."""

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from uuid import uuid4

from bench.budget_callers import FEATURE
from dev.stack import Stack
from dev.stack.processes import Process, inherited, stop_all
from dev.stack.waiting import wait_until
from sightline.bootstrap import STORES_CONFIG, aws_session, redis_client, utc_now
from sightline.config import Settings
from sightline.models.budgets import Account, Cap
from sightline.models.images import Lane
from sightline.rekognition.features import feature_named
from sightline.rekognition.paid_calls import price_of
from sightline.storage.dynamodb.client import client_of_stores, session_of_stores
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.ledger.protocol import Status
from sightline.storage.operations import dynamo_operations
from sightline.testing.buckets import InMemoryBuckets

SERVERS = ("redis", "dynamodb", "rekognition")
REKOGNITION = ("--lift-quotas", "--processes", "1")
SKEWS = (-1.5, -0.5, 0.0, 0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is.

    threads, live: of each process, and how many of them ask for live images; kills: of processes, each is replaced
    quiet_seconds: without a call, once the caps are used up: then nothing more is paid
    """

    caps: str
    per_second: float
    processes: int
    threads: int
    live: int
    kills: int = 0
    emptied: int = 0
    away_seconds: float = 0.0
    passes_midnights: bool = False
    quiet_seconds: float = 15.0

    def env(self) -> dict[str, str]:
        """Return the settings of the run."""
        quotas = json.dumps({feature_named(FEATURE).operation: self.per_second})
        name = uuid4().hex[:8]
        return {
            "SIGHTLINE_BUDGET": self.caps,
            "SIGHTLINE_QUOTAS": quotas,
            "SIGHTLINE_FEATURES": FEATURE,
            "SIGHTLINE_TABLE_PREFIX": f"budget-{name}-",
            "SIGHTLINE_KEY_PREFIX": f"budget-{name}:",
            "SIGHTLINE_NEO4J_PASSWORD": "unused",
            "SIGHTLINE_CHECKPOINT_BUCKET": "sightline",
            "SIGHTLINE_LOG_LEVEL": "ERROR",
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run; amounts in millionths of a US dollar.

    logged: what the endpoint answered; unknown: what was claimed and never settled; accounts: the months' accounts
    live_while_backfill_waited: answers
    """

    price: int
    logged: int
    unknown: int
    accounts: Sequence[Account]
    answers: Mapping[Lane, int]
    live_while_backfill_waited: int
    seconds: float

    @property
    def taken(self) -> int:
        """Return what was taken from the accounts."""
        return sum(sum(each.values()) for account in self.accounts for each in account.taken.values())

    @property
    def died(self) -> int:
        """Return the most that died in blocks with their holder."""
        return sum(account.in_blocks() for account in self.accounts)

    def used(self, caps: Sequence[Cap]) -> dict[str, tuple[int, int]]:
        """Return what was taken of each cap, by its day or month, and the cap."""
        return {
            f"{cap}, {day}": (account.used(cap, day), cap.micro_usd)
            for cap in caps
            for account in self.accounts
            for day in sorted(account.taken)
        }


class World:
    """The servers, the tables of one run, and its processes."""

    def __init__(self, stack: Stack, folder: Path, size: Size) -> None:
        self._stack, self._size = stack, size
        self._env = inherited() | stack.env | size.env()
        self._folder = folder / uuid4().hex[:8]
        self._folder.mkdir()
        self._numbers = count()
        self._begin = ""
        self._calls_log = stack.layout.data("rekognition") / "calls.jsonl"
        self._logged_before = self.logged()
        self.settings = _settings(self._env)
        session = aws_session(self.settings, session_of_stores())
        client = client_of_stores(session, self.settings.dynamodb_endpoint, STORES_CONFIG)
        self.operations = dynamo_operations(client, self.settings.table_prefix, utc_now)
        buckets = InMemoryBuckets(utc_now)
        self.ledger = DynamoLedger(client, self.settings.table_prefix, utc_now, buckets, "sightline")
        self.operations.setup()
        self.ledger.setup()
        self.redis = redis_client(self.settings)
        self.price = price_of(self.settings.price_list, FEATURE, self.settings.plan.features[FEATURE])

    def logged(self) -> int:
        """Return how many calls the endpoint has answered."""
        text = self._calls_log.read_text("utf-8") if self._calls_log.exists() else ""
        return text.count('"outcome": "answered"')

    def accounts(self) -> list[Account]:
        """Return the accounts of the run's months."""
        months = ("2026-11", "2026-12") if self._size.passes_midnights else (f"{utc_now():%Y-%m}",)
        return [self.operations.budget_accounts.read(month) for month in months]

    def run(self, chance: random.Random) -> Outcome:
        """Let the processes pay, do to them what the size says, and wait until nothing is paid any more."""
        begun = time.time()
        self._begin = str(begun + 5) if self._size.passes_midnights else ""
        processes = [self._start() for _ in range(self._size.processes)]
        try:
            self._do_to(processes, chance)
            self._wait_until_spent(begun)
        finally:
            stop_all(processes)
        return self._outcome(time.time() - begun)

    def _start(self) -> Process:
        number = next(self._numbers)
        command = [sys.executable, "-m", "bench.budget_callers", "--threads", str(self._size.threads)]
        command += ["--live", str(self._size.live), "--answers", str(self._folder / f"{number}.txt")]
        command += ["--begin", self._begin, f"--skew={SKEWS[number % len(SKEWS)]}"]
        process = Process(f"caller-{number}", command, self._folder / f"{number}.log", self._env)
        process.start()
        return process

    def _do_to(self, processes: list[Process], chance: random.Random) -> None:
        """Kill processes and empty Redis while they pay, evenly over the first two thirds of the money."""
        acts = [self._kill_one] * self._size.kills + [self._empty] * self._size.emptied
        acts += [self._take_redis_away] if self._size.away_seconds else []
        chance.shuffle(acts)
        of_all = sum(cap.micro_usd for cap in self.caps()[:1])
        for number, act in enumerate(acts, 1):
            share = 0.66 * of_all * number / (len(acts) + 1)
            wait_until(partial(self._has_paid, share), self.logged, every=0.5, longest=3600.0)
            act(processes, chance)

    def caps(self) -> Sequence[Cap]:
        """Return the caps."""
        return self.settings.money.caps if self.settings.money else ()

    def _paid(self) -> int:
        return (self.logged() - self._logged_before) * self.price

    def _has_paid(self, share: float) -> bool:
        return self._paid() >= share

    def _kill_one(self, processes: list[Process], chance: random.Random) -> None:
        place = chance.randrange(len(processes))
        processes[place].kill()
        processes[place] = self._start()

    def _empty(self, *_: object) -> None:
        self.redis.flushall()

    def _take_redis_away(self, *_: object) -> None:
        server = self._stack.server("redis")
        server.kill()
        time.sleep(self._size.away_seconds)
        server.start()

    def _wait_until_spent(self, begun: float) -> None:
        """Wait until no call came for a while; a run over midnights lasts as long as its clock needs."""
        least = 150.0 if self._size.passes_midnights else 0.0
        if not self._size.passes_midnights:
            wait_until(self._is_used_up, self.logged, every=0.5, longest=3600.0)
        last, since = self.logged(), time.time()
        while time.time() - since < self._size.quiet_seconds or time.time() - begun < least:
            time.sleep(1)
            if (now := self.logged()) != last:
                last, since = now, time.time()

    def _is_used_up(self) -> bool:
        (account,) = self.accounts()
        return all(account.used(cap, f"{utc_now():%Y-%m-%d}") + self.price > cap.micro_usd for cap in self.caps())

    def _outcome(self, seconds: float) -> Outcome:
        entries = list(self.ledger.scan())
        open_claims = sum(each.status is Status.CLAIMED for each in entries)
        unknown = open_claims + sum(each.unknown_attempts for each in entries)
        lines = [line.split() for file in self._folder.glob("*.txt") for line in file.read_text().splitlines()]
        answers = Counter(Lane(lane) for _, lane, what in lines if what == "answered")
        waits = [float(at) for at, lane, what in lines if (lane, what) == (Lane.BACKFILL, "waits")]
        later = sum(
            (lane, what) == (Lane.LIVE, "answered") and float(at) > min(waits) for at, lane, what in lines if waits
        )
        return Outcome(self.price, self._paid(), unknown * self.price, self.accounts(), answers, later, seconds)


def _settings(env: Mapping[str, str]) -> Settings:
    """Read the settings of the run, as its processes do."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in env.items() if name.startswith("SIGHTLINE_")})
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)
