"""The limiter in Redis: one rate for every process, by one Lua call for each slot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

from sightline.errors import Unavailable, WrongPassword
from sightline.models.images import Lane
from sightline.ratelimit.outage import Outage
from sightline.ratelimit.pace import HORIZON_SECONDS, SHARE, quota_of, require_rate
from sightline.ratelimit.protocol import Rate, Slot
from sightline.ratelimit.scripts import Scripts

_AWAY = (ConnectionError, TimeoutError, ReadOnlyError, OutOfMemoryError)
_REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)
_NEVER_SEEN = 8


def client_options() -> dict[str, Any]:
    """Give the options of the Redis client that the limiter needs: it must fail fast, to go on by itself."""
    return {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}


class RedisLimiter:
    """Slots and rates shared through Redis, one hash for each (account, region, operation).

    client: made after the fork, with `client_options()`
    quotas: operation → calls a second, for every operation that will be asked for
    key_prefix: stands before each key, as the broker's does
    """

    def __init__(
        self,
        client: Redis,
        account: str,
        region: str,
        quotas: Mapping[str, float],
        key_prefix: str,
        share: float = SHARE,
        *,
        assumed_processes: int = _NEVER_SEEN,
    ) -> None:
        self._client = client
        self._quotas = {operation: require_rate(operation, quota) for operation, quota in quotas.items()}
        self._share = share
        self._scripts = Scripts(client, share)
        self._outage = Outage(self._quotas, share, assumed_processes)
        self._key_stem = f"{key_prefix}{{limiter:{account}:{region}"
        self._process = uuid4().hex
        self._born: dict[str, str] = {}

    def reserve(self, operation: str, lane: Lane) -> Slot:
        """Book the next slot: in Redis, or of this process's own share while that is away."""
        quota_of(self._quotas, operation)
        if not self._outage.should_ask_redis():
            return self._outage.reserve(operation, lane)
        try:
            return self._reserve_in_redis(operation, lane)
        except Unavailable as error:
            self._outage.begin(error)
            return self._outage.reserve(operation, lane)

    def throttled(self, operation: str, *, ramped_too_fast: bool = False) -> None:
        """Learn that a call was refused: lower the shared rate, or this process's own while Redis is away."""
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
        """Set an operator's own quota for all processes, live. Raises Unavailable: his word must not be lost."""
        quota_of(self._quotas, operation)
        if per_second is not None:
            require_rate(operation, per_second)
        with self._redis_errors():
            self._scripts.override(self._key(operation), per_second, reason)

    def rates(self) -> dict[str, Rate]:
        """Give every operation's rate now."""
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
        """Raise Unavailable or WrongPassword where Redis can not be used."""
        with self._redis_errors():
            self._client.ping()

    def _reserve_in_redis(self, operation: str, lane: Lane) -> Slot:
        born = "away" if self._outage.has_booked(operation) else self._born.get(operation, "")
        with self._redis_errors():
            booking = self._scripts.reserve(
                self._key(operation), self._quotas[operation], HORIZON_SECONDS[lane], self._process, born
            )
        self._born[operation] = booking.born
        self._outage.end(operation, booking.processes, booking.quota)
        return booking.slot

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
