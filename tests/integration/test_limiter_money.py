"""A slot and the money for its call are taken together: in memory, in Redis, and while Redis is away."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from sightline.errors import BudgetSpent, Unavailable
from sightline.models.budgets import SHARED_CALLS, Charge, Purse
from sightline.models.images import Lane
from sightline.ratelimit.fallback import InMemoryLimiter
from sightline.ratelimit.protocol import Limiter
from sightline.ratelimit.redis import RedisLimiter, client_options
from sightline.services.treasury import Treasury
from sightline.testing.books import InMemoryBudgetAccounts
from sightline.testing.clocks import MovingClock
from sightline.testing.money import PRICE, treasury_of
from sightline.testing.operations import in_memory_operations
from tests.integration.own_redis import OwnRedis

QUOTAS = {"DetectLabels": 100_000.0}
LIVE = Purse("labels", Lane.LIVE)
MakeLimiter = Callable[[Treasury], Limiter]


class World:
    """A store of accounts, and processes' treasuries over it."""

    def __init__(self) -> None:
        self.clock = MovingClock()
        self.operations = in_memory_operations(self.clock)
        self.last: Treasury | None = None

    @property
    def accounts(self) -> InMemoryBudgetAccounts:
        assert isinstance(self.operations.budget_accounts, InMemoryBudgetAccounts)
        return self.operations.budget_accounts

    def treasury(self, caps: str, live_percent: float = 0.0) -> Treasury:
        self.last = treasury_of(caps, self.operations, self.clock, live_percent=live_percent)
        return self.last

    def taken(self) -> int:
        assert self.last
        account = self.last.account()
        return sum(amount for day in account.taken.values() for amount in day.values())


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["memory", "redis"])
def make_limiter(request: pytest.FixtureRequest) -> MakeLimiter:
    """Make the limiters of several processes."""
    if request.param == "memory":
        return lambda treasury: InMemoryLimiter(partial(datetime.now, UTC), QUOTAS, money=treasury)
    client = Redis.from_url(request.getfixturevalue("redis_url"), **client_options())
    prefix = f"test-{uuid4().hex}:"
    return lambda treasury: RedisLimiter(client, "1", "eu", QUOTAS, prefix, money=treasury)


def limiter_over(redis: OwnRedis, **options: Any) -> RedisLimiter:
    return RedisLimiter(redis.client(), "1", "eu", QUOTAS, "sightline:", **options)


def paid(limiter: Limiter, treasury: Treasury, most: int, lane: Lane = Lane.LIVE) -> int:
    """Book until no money is left, or `most` times; return how often."""
    count = 0
    while count < most:
        charge = treasury.charge("labels", lane)
        assert charge
        try:
            count += limiter.reserve("DetectLabels", lane, charge).is_booked
        except BudgetSpent:
            break
    return count


def test_a_cap_is_used_up_to_the_end_and_not_beyond(make_limiter, world):
    treasury = world.treasury("0.25 USD/day")
    assert 250 == paid(make_limiter(treasury), treasury, 1000)
    assert 250 * PRICE == world.taken()


def test_processes_share_a_cap(make_limiter, world):
    treasuries = [world.treasury("0.3 USD/day") for _ in range(3)]
    each = [(make_limiter(treasury), treasury) for treasury in treasuries]
    assert [100, 100] == [paid(limiter, treasury, 100) for limiter, treasury in each[:2]]
    assert [100, 0, 0] == [paid(limiter, treasury, 1000) for limiter, treasury in reversed(each)]


def test_many_threads_that_want_the_last_cents_get_no_more_than_there_are(make_limiter, world):
    treasuries = [world.treasury("1 USD/day") for _ in range(4)]
    with ThreadPoolExecutor(32) as pool:
        booked = pool.map(lambda n: paid(make_limiter(treasuries[n % 4]), treasuries[n % 4], 200), range(32))
    total = sum(booked)
    assert total * PRICE <= world.taken() == 1_000_000


def test_backfill_stops_at_its_share_and_live_goes_on(make_limiter, world):
    treasury = world.treasury("0.1 USD/day", live_percent=20)
    limiter = make_limiter(treasury)
    assert [80, 20] == [paid(limiter, treasury, 1000, lane) for lane in (Lane.BACKFILL, Lane.LIVE)]


def test_money_of_a_call_that_was_not_billed_pays_for_another(make_limiter, world):
    treasury = world.treasury("0.01 USD/day")
    limiter = make_limiter(treasury)
    assert 4 == paid(limiter, treasury, 4)
    charge = treasury.charge("labels", Lane.LIVE)
    for _ in range(4):
        limiter.give_back("DetectLabels", charge)
    assert 10 == paid(limiter, treasury, 1000)


def test_a_new_day_has_money_of_its_own_and_the_rest_of_the_old_one_is_given_back(make_limiter, world):
    treasury = world.treasury("0.4 USD/day, 1 USD/month")
    limiter = make_limiter(treasury)
    assert 1 == paid(limiter, treasury, 1)
    yesterday = treasury.today()
    world.clock.move(timedelta(days=1))
    assert 400 == paid(limiter, treasury, 1000)
    assert {LIVE: PRICE} == treasury.account().taken[yesterday]
    world.clock.move(timedelta(days=1))
    assert 400 == paid(limiter, treasury, 1000)
    world.clock.move(timedelta(days=1))
    assert 199 == paid(limiter, treasury, 1000)


def test_clocks_that_differ_at_midnight_use_each_their_own_day(make_limiter, world):
    treasury, behind = world.treasury("0.1 USD/day"), MovingClock()
    behind.now = world.clock.now - timedelta(days=1)
    other = treasury_of("0.1 USD/day", world.operations, behind)
    limiters = [(make_limiter(treasury), treasury), (make_limiter(other), other)]
    booked = [0, 0]
    for _ in range(20):
        for place, (limiter, of) in enumerate(limiters):
            booked[place] += paid(limiter, of, 7)
    assert 100 == booked[0]
    assert 70 <= booked[1] <= 100  # what is removed with each block of the later day is given back, or died
    account = treasury.account()
    assert all(account.used(cap, day) <= cap.micro_usd for cap in treasury.budget.caps for day in account.taken)


def test_a_purse_without_a_cap_is_not_charged(world):
    treasury = world.treasury("faces 1 USD/day")
    assert treasury.charge("labels", Lane.LIVE) is None


class TestRedisGone:
    def test_an_emptied_redis_costs_the_rest_of_a_block_and_opens_nothing(self, own_redis, world):
        treasury = world.treasury("1 USD/day")
        limiter = limiter_over(own_redis, money=treasury)
        booked = 0
        for _ in range(3):
            booked += paid(limiter, treasury, 6)
            own_redis.forget()
        assert 18 == booked
        booked += paid(limiter, treasury, 10_000)
        # A block is of five calls here: 0.005 USD
        assert 1_000_000 - 3 * 5 * PRICE <= booked * PRICE <= 1_000_000 == world.taken()
        assert treasury.account().in_blocks() >= 1_000_000 - booked * PRICE

    def test_while_redis_is_away_each_process_takes_its_own_and_the_cap_holds(self, own_redis, world):
        treasuries = [world.treasury("0.02 USD/day") for _ in range(2)]
        limiters = [limiter_over(own_redis, money=each, assumed_processes=1) for each in treasuries]
        assert 2 == sum(paid(*both, 1) for both in zip(limiters, treasuries, strict=True))
        own_redis.stop()
        booked = sum(paid(*both, 1000) for both in zip(limiters, treasuries, strict=True))
        assert 15 <= 2 + booked <= 20
        assert 20 * PRICE == world.taken()

    def test_without_redis_and_without_dynamodb_nothing_is_booked(self, own_redis, world):
        class Away:
            def read(self, month: str) -> None:
                raise Unavailable(f"DynamoDB, {month}")

            replace = read

        treasury = world.treasury("1 USD/day")
        limiter = limiter_over(own_redis, money=treasury)
        treasury._accounts = Away()
        charge = Charge(LIVE, treasury.today(), PRICE)
        with pytest.raises(Unavailable):
            limiter.reserve("DetectLabels", Lane.LIVE, charge)
        own_redis.stop()
        with pytest.raises(Unavailable):
            limiter.reserve("DetectLabels", Lane.LIVE, charge)

    def test_a_redis_that_goes_back_to_an_older_state_gives_out_nothing_twice(self, own_redis, world, tmp_path):
        folder, copy = tmp_path / "redis", tmp_path / "copy"
        folder.mkdir()
        kept = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder))
        own_redis.stop()
        own_redis.start(*kept)
        treasury = world.treasury("2 USD/day")
        limiter = limiter_over(own_redis, money=treasury)
        assert 1 == paid(limiter, treasury, 1)
        shutil.copytree(folder, copy)
        booked = 1 + paid(limiter, treasury, 8)
        own_redis.stop()
        shutil.rmtree(folder)
        copy.rename(folder)
        own_redis.start(*kept)
        with own_redis.client() as client:
            assert [b"purse labels#live 2044-05-17"] == [
                field
                for key in client.scan_iter("*DetectLabels}")
                for field in client.hkeys(key)
                if field.startswith(b"purse")
            ]  # the older state holds nine calls that are paid out
        booked += paid(limiter_over(own_redis, money=treasury), treasury, 10_000)
        assert 1990 <= booked + 1 <= 2000

    def test_what_a_process_took_while_redis_was_away_is_put_into_the_purse(self, own_redis, world):
        treasury = world.treasury("0.01 USD/day")
        limiter = limiter_over(own_redis, money=treasury, assumed_processes=1)
        own_redis.stop()
        while not limiter.reserve("DetectLabels", Lane.LIVE, treasury.charge("labels", Lane.LIVE)).is_booked:
            pass
        own_redis.start()
        other = limiter_over(own_redis, money=treasury)
        while limiter._outage.is_away:
            limiter.reserve("DetectLabels", Lane.LIVE)  # without money: it may take seconds, and there is a cent
        paid(limiter, treasury, 1)
        assert 6 <= paid(other, treasury, 1000) <= 8


def test_a_block_serves_many_calls(make_limiter, world):
    treasury = world.treasury("1000 USD/day")
    limiter, before = make_limiter(treasury), 0
    paid(limiter, treasury, 1)
    before = treasury.account().revision
    paid(limiter, treasury, 5 * SHARED_CALLS)
    per_block = SHARED_CALLS if isinstance(limiter, RedisLimiter) else 10
    assert 5 * SHARED_CALLS / per_block == treasury.account().revision - before
