"""The limiter in Redis: one rate for every process, with one Lua call for each slot."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from threading import Lock
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConnectionError,  # noqa: A004 - redis's own name; it is not the built-in one
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,  # noqa: A004 - as above
)
from redis.retry import Retry

from sightline.errors import SightlineError, Unavailable, WrongPassword
from sightline.models.budgets import SHARED_CALLS, Charge, Purse
from sightline.models.images import Lane
from sightline.models.rates import RateOverride
from sightline.ratelimit import gcra
from sightline.ratelimit.fallback import Outage
from sightline.ratelimit.gcra import HORIZON_SECONDS, SHARE, Reading, quota_of, require_rate
from sightline.ratelimit.protocol import NOTHING, Funds, Money, Overrides, Rate, Slot
from sightline.ratelimit.purses import OwnPurses

_CONSTANTS = (
    "CUT",
    "CUT_EVERY_SECONDS",
    "RISE_EACH_SECOND",
    "SLOW_START",
    "DOUBLING_SECONDS",
    "PROCESS_SEEN_SECONDS",
    "HANDOVER_EVERY_SECONDS",
    "COMPARE_EVERY_SECONDS",
    "FETCHING_SECONDS",
    "ASK_FOR_MONEY_SECONDS",
    "MAX_HORIZON_SECONDS",
    "AFTER_CUT",
    "AFTER_RAMP",
)


@dataclass(frozen=True, slots=True)
class Booking:
    """What Redis answers to a request for a slot.

    born: names what Redis knows of the operation; another value later means that it was lost in between
    processes: how many asked in the last minute
    quota: the one in force, calls a second
    is_comparison_due: whether this process is to compare the override with the store
    is_short: whether the purse does not pay for the call; is_fetcher: whether this process is to fetch more for it
    held: what is in the purse; lapsed: what was in those of days that are over
    """

    slot: Slot
    born: str
    processes: int
    quota: float
    is_comparison_due: bool
    is_short: bool = False
    is_fetcher: bool = False
    held: Funds = NOTHING
    lapsed: tuple[tuple[Purse, str, Funds], ...] = ()


@dataclass(frozen=True, slots=True)
class Payment:
    """What the script is told of money. put_in: what this process has fetched; used_up: blocks of the purse before."""

    charge: Charge
    put_in: Funds = NOTHING
    used_up: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str | int]:
        """Return it as the script takes it."""
        charge, ids = self.charge, ",".join(self.put_in.block_ids)
        of_charge: list[str | int] = [str(charge.purse), charge.day, charge.micro_usd]
        return [*of_charge, self.put_in.micro_usd, ids, ",".join(self.used_up)]


class Scripts:
    """One method for each script; the head of the .lua file says which keys it touches."""

    def __init__(self, client: Redis, share: float) -> None:
        self._client = client
        self._share = share
        self._gcra = client.register_script(_source("gcra"))
        self._gcra_with_money = client.register_script(_source("purse", "gcra"))
        self._money = client.register_script(_source("purse", "money"))
        self._throttled = client.register_script(_source("throttled"))
        self._override = client.register_script(_source("override"))
        self._adopt = client.register_script(_source("adopt"))
        self._reading = client.register_script(_source("reading"))

    def reserve(
        self,
        key: str,
        quota: float,
        horizon_seconds: float,
        process: str,
        born: str,
        *,
        has_store: bool,
        payment: Payment | None = None,
    ) -> Booking | None:
        """Book the next slot; None if Redis does not know whether an operator set the quota."""
        keys = [key, f"{key}:processes"]
        of_money = payment.arguments if payment else []
        script = self._gcra_with_money if payment else self._gcra
        answer = script(keys, [quota, self._share, horizon_seconds, process, born, int(has_store), *of_money])
        if not answer:
            return None
        booked, wait_us, now_born, processes, in_force, is_due, *told = answer
        slot = Slot(is_booked=booked == 1, wait_seconds=wait_us / 1_000_000)
        booking = Booking(slot, _as_text(now_born), processes, float(in_force), is_due == 1)
        return _with_money(booking, *told) if told else booking

    def give_back(self, key: str, charge: Charge, micro_usd: int) -> bool:
        """Return money to a purse, and let others fetch for it; return whether there is one."""
        is_there: int = self._money([key], [f"purse {charge.purse} {charge.day}", micro_usd])
        return is_there == 1

    def throttled(self, key: str, quota: float, *, ramped_too_fast: bool) -> None:
        """Lower the rate."""
        self._throttled([key], [quota, self._share, int(ramped_too_fast)])

    def override(self, key: str, override: RateOverride) -> None:
        """Set an operator's quota; revision 0: kept in Redis alone."""
        self._override([key], [_or_empty(override.per_second), override.reason, override.revision])

    def adopt(self, key: str, kept: RateOverride | None) -> tuple[float, str] | None:
        """Bring an override to Redis; return one that Redis alone has: calls a second and the reason."""
        known = kept or RateOverride(None, "", 0)
        found = self._adopt([key], [known.revision, _or_empty(known.per_second), known.reason])
        return (float(found[0]), _as_text(found[1])) if found else None

    def read(self, quotas: dict[str, float]) -> dict[str, Reading]:
        """Read the states of many operations (key → configured quota) in one round trip."""
        with self._client.pipeline(transaction=False) as pipe:
            for key, quota in quotas.items():
                self._reading([key], [quota, self._share], client=pipe)
            return dict(zip(quotas, map(_reading, pipe.execute()), strict=True))


def _source(*names: str) -> str:
    """Return a script with what stands before each: the constants, and rate.lua."""
    constants = "".join(f"local {each} = {_lua(getattr(gcra, each))}\n" for each in _CONSTANTS)
    folder = files(__package__)
    return constants + "".join(folder.joinpath(f"{name}.lua").read_text() for name in ("rate", *names))


def _with_money(booking: Booking, short: int, *told: Any) -> Booking:
    rest, ids, *lapsed = map(_as_text, told)
    each = zip(*(lapsed[place::4] for place in range(4)), strict=True)
    purses = tuple((Purse.named(name), day, _funds(left, of)) for name, day, left, of in each)
    return replace(booking, is_short=short > 0, is_fetcher=short == 1, held=_funds(rest, ids), lapsed=purses)


def _funds(rest: str, ids: str) -> Funds:
    return Funds(int(float(rest)), tuple(filter(None, ids.split(","))))


def _lua(constant: float | str) -> str:
    return f"'{constant}'" if isinstance(constant, str) else str(constant)


def _reading(answer: list[Any]) -> Reading:
    quota, rate, mode, changed_at, is_by_hand, reason = answer
    at = float(changed_at) if changed_at else None
    return Reading(float(quota), float(rate), _as_text(mode), at, _as_text(reason) if is_by_hand else None)


def _or_empty(per_second: float | None) -> float | str:
    return "" if per_second is None else per_second


def _as_text(answer: bytes | str) -> str:
    """Read a text whether or not the client decodes its answers."""
    return answer if isinstance(answer, str) else answer.decode()


_AWAY = (ConnectionError, TimeoutError, ReadOnlyError, OutOfMemoryError)
_REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)
_NEVER_SEEN = 8


def client_options() -> dict[str, Any]:
    """Return the options of the Redis client that the limiter needs: it must fail fast, to go on by itself."""
    return {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}


class RedisLimiter:
    """Slots and rates shared through Redis, one hash for each (account, region, operation).

    client: made after the fork, with `client_options()`
    quotas: operation → calls a second, for every operation that will be asked for
    key_prefix: stands before each key, as the broker's does
    overrides: where operators' quotas are kept, of which Redis holds a copy; None: Redis alone has them
    money: where the money of calls is kept, of which Redis holds a block for each purse; None: nothing is charged
    seconds: a clock that does not go back
    """

    def __init__(  # noqa: PLR0913 - what it talks to, and what tells one account's limits from another's
        self,
        client: Redis,
        account: str,
        region: str,
        quotas: Mapping[str, float],
        key_prefix: str,
        share: float = SHARE,
        *,
        assumed_processes: int = _NEVER_SEEN,
        overrides: Overrides | None = None,
        money: Money | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._quotas = {operation: require_rate(operation, quota) for operation, quota in quotas.items()}
        self._share = share
        self._scripts = Scripts(client, share)
        self._outage = Outage(self._quotas, share, assumed_processes, seconds)
        self._overrides = overrides
        self._own = OwnPurses(money)
        self._used_up: dict[tuple[Purse, str], tuple[str, ...]] = {}
        self._lock_used_up = Lock()
        self._scope = f"{account}:{region}"
        self._key_stem = f"{key_prefix}{{limiter:{self._scope}"
        self._process = uuid4().hex
        self._born: dict[str, str] = {}

    def reserve(self, operation: str, lane: Lane, charge: Charge | None = None) -> Slot:
        """Book the next slot: in Redis, or of this process's own share while that is away.

        Raises Unavailable if Redis has forgotten the overrides and their store is away as well: nothing is booked then
        at a rate that an operator may have lowered. The same for money: without a purse in Redis and without DynamoDB
        nothing is booked. Raises BudgetSpent if no money is left.
        """
        quota_of(self._quotas, operation)
        if not self._outage.should_ask_redis():
            return self._reserve_alone(operation, lane, charge)
        try:
            booking = self._book(operation, lane, charge)
        except Unavailable as error:
            self._outage.begin(error)
            return self._reserve_alone(operation, lane, charge)
        if booking is None:
            self._compare()
            return Slot(is_booked=False, wait_seconds=0.0)  # asked again at once
        if booking.is_comparison_due:
            with suppress(Unavailable):  # the copy holds; the next comparison is due in a minute
                self._compare()
        for purse, day, rest in booking.lapsed:
            self._own.give_back(purse, day, rest)
        if charge is not None and booking.is_fetcher:
            return self._fill(operation, lane, charge, booking.held)
        return booking.slot

    def give_back(self, operation: str, charge: Charge) -> None:
        """Return the money of a call that was not billed. If Redis is away, or its purse is gone, this process has it.

        Where nobody knows whether Redis took it back, it is lost.
        """
        if not self._outage.should_ask_redis():
            self._own.put(charge.purse, charge.day, Funds(charge.micro_usd))
            return
        try:
            with self._redis_errors():
                is_there = self._scripts.give_back(self._key(operation), charge, charge.micro_usd)
        except Unavailable as error:
            self._outage.begin(error)
            self._own.lose(charge)
            return
        if not is_there:
            self._own.put(charge.purse, charge.day, Funds(charge.micro_usd))

    def throttled(self, operation: str, *, ramped_too_fast: bool = False) -> None:
        """Record that a call was refused: lower the shared rate, or this process's own while Redis is away."""
        quota = quota_of(self._quotas, operation)
        if self._outage.has_booked(operation):
            self._outage.throttled(operation, ramped_too_fast=ramped_too_fast)
            return
        try:
            with self._redis_errors():
                self._scripts.throttled(self._key(operation), quota, ramped_too_fast=ramped_too_fast)
        except Unavailable as error:
            self._outage.begin(error)
            self._outage.throttled(operation, ramped_too_fast=ramped_too_fast)

    def override(self, operation: str, per_second: float | None, reason: str) -> None:
        """Set an operator's quota for all processes, live; raise Unavailable rather than lose it.

        It is kept first: if Redis is away then, the override holds within a minute of its return.
        """
        quota_of(self._quotas, operation)
        if per_second is not None:
            require_rate(operation, per_second)
        override = RateOverride(per_second, reason, 0)
        if self._overrides:
            override = self._overrides.keep(self._scope, operation, per_second, reason)
        with self._redis_errors():
            self._scripts.override(self._key(operation), override)

    def rates(self) -> dict[str, Rate]:
        """Return every operation's rate now. Overrides are compared first, so that none is shown that was forgotten."""
        with suppress(Unavailable):
            self._compare()
        keys = {self._key(operation): quota for operation, quota in self._quotas.items()}
        try:
            with self._redis_errors():
                readings = self._scripts.read(keys)
        except Unavailable:
            return self._outage.rates()
        return {
            operation: reading.told(operation, self._share)
            for operation, reading in zip(self._quotas, readings.values(), strict=True)
        }

    def check(self) -> None:
        """Raise Unavailable or WrongPassword if Redis cannot be used."""
        with self._redis_errors():
            self._client.ping()

    def _fill(self, operation: str, lane: Lane, charge: Charge, held: Funds) -> Slot:
        """Fetch a block for the purse in Redis, put it in and book. If none is to be had, others may try at once."""
        try:
            taken = self._own.fetch(charge, held, SHARED_CALLS)
        except SightlineError:
            with suppress(Unavailable), self._redis_errors():
                self._scripts.give_back(self._key(operation), charge, 0)
            raise
        self._own.put(charge.purse, charge.day, taken)
        with self._lock_used_up:
            self._used_up[charge.purse, charge.day] = held.block_ids
        return self.reserve(operation, lane, charge)

    def _payment(self, charge: Charge) -> Payment:
        """Hand what this process holds to the purse in Redis, but not with the first word after an outage."""
        if self._outage.is_away:
            return Payment(charge)
        with self._lock_used_up:
            used_up = self._used_up.pop((charge.purse, charge.day), ())
        return Payment(charge, self._own.empty(charge.purse, charge.day), used_up)

    def _book(self, operation: str, lane: Lane, charge: Charge | None) -> Booking | None:
        born = "away" if self._outage.has_booked(operation) else self._born.get(operation, "")
        quota, horizon = self._quotas[operation], HORIZON_SECONDS[lane]
        payment = self._payment(charge) if charge else None
        try:
            with self._redis_errors():
                booking = self._scripts.reserve(
                    self._key(operation),
                    quota,
                    horizon,
                    self._process,
                    born,
                    has_store=self._overrides is not None,
                    payment=payment,
                )
        except Unavailable:
            if charge and not self._outage.is_away:
                self._own.lose(charge)  # Redis may have taken it before it went silent
            raise
        if booking is None and payment:  # the script did nothing yet
            self._own.put(payment.charge.purse, payment.charge.day, payment.put_in)
        if booking is not None:
            self._born[operation] = booking.born
            self._outage.end(operation, booking.processes, booking.quota)
        return booking

    def _reserve_alone(self, operation: str, lane: Lane, charge: Charge | None) -> Slot:
        """Book of this process's share. One that has not seen Redis yet asks the store what an operator set."""
        if self._overrides and not self._outage.has_seen(operation):
            kept = self._overrides.read(self._scope)
            for name, configured in self._quotas.items():
                self._outage.expect(name, (name in kept and kept[name].per_second) or configured)
        if charge is None:
            return self._outage.reserve(operation, lane)
        self._own.pay(charge)
        slot = self._outage.reserve(operation, lane)
        if not slot.is_booked:
            self._own.put(charge.purse, charge.day, Funds(charge.micro_usd))
        return slot

    def _compare(self) -> None:
        """Bring the kept overrides to Redis, and keep those that an older version left in Redis alone."""
        if self._overrides is None:
            return
        kept = self._overrides.read(self._scope)
        for operation in self._quotas:
            with self._redis_errors():
                found = self._scripts.adopt(self._key(operation), kept.get(operation))
            if found is not None:
                self._overrides.keep_unless_known(self._scope, operation, *found)

    def _key(self, operation: str) -> str:
        # The braces keep an operation's two keys on one node of a Redis cluster.
        return f"{self._key_stem}:{operation}}}"

    @contextmanager
    def _redis_errors(self) -> Iterator[None]:
        try:
            yield
        except _REFUSED as error:
            raise WrongPassword(self._address(), rule=f"{WrongPassword.rule} (Redis: {error})") from error
        except _AWAY as error:
            raise Unavailable(self._address(), rule=f"{Unavailable.rule} (Redis: {error})") from error

    def _address(self) -> str:
        options = self._client.connection_pool.connection_kwargs
        return f"Redis at {options.get('host', options.get('path'))}:{options.get('port', '')}"
