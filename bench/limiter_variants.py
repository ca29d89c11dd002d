"""Four variants that stay below a quota. The threads of a process share one, and each makes one call at a time."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from redis import Redis

from sightline.models.images import Lane
from sightline.ratelimit.redis import RedisLimiter, client_options

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

OPERATION = "DetectLabels"
REGION = "us-east-1"
_THROTTLES = {"ProvisionedThroughputExceededException", "ThrottlingException"}

_FIXED_WINDOW = """
-- Counts a call in the current second; returns the microseconds that remain of it if it is full, else 0.
-- KEYS[1]  the prefix of the counters, of which each second has one.  ARGV  calls a second
local time = redis.call('TIME')
local key = KEYS[1] .. ':' .. time[1]
local count = redis.call('INCR', key)
redis.call('EXPIRE', key, 2)
return count > tonumber(ARGV[1]) and 1000000 - tonumber(time[2]) or 0
"""


class Variant(Protocol):
    """How a thread makes its next call."""

    def call(self, image: bytes) -> None:
        """Wait as long as the variant requires, then call once."""


class Sightline:
    """Our limiter: slots from Redis, and a lower rate after throttled calls."""

    def __init__(self, endpoint: str, redis_url: str, quota: float) -> None:
        self._client = rekognition(endpoint, "legacy", 1)
        self._limiter = RedisLimiter(
            Redis.from_url(redis_url, **client_options()), "bench", REGION, {OPERATION: quota}, "bench:"
        )

    def call(self, image: bytes) -> None:
        """Book a slot, sleep until then, and call."""
        slot = self._limiter.reserve(OPERATION, Lane.LIVE)
        time.sleep(slot.wait_seconds)
        if slot.is_booked and is_throttled(self._client, image):
            self._limiter.throttled(OPERATION)


class FixedWindow:
    """The fixed window of the library `limits`: a counter for each second of the clock. The script is our own."""

    def __init__(self, endpoint: str, redis_url: str, quota: float) -> None:
        self._client = rekognition(endpoint, "legacy", 1)
        self._quota = quota
        self._count = Redis.from_url(redis_url).register_script(_FIXED_WINDOW)

    def call(self, image: bytes) -> None:
        """Call, or sleep until the next second if this one is full."""
        wait_us = self._count(["bench:window"], [self._quota])
        if wait_us:
            time.sleep(int(wait_us) / 1_000_000)
        else:
            is_throttled(self._client, image)


class Adaptive:
    """The adaptive mode of botocore: each process learns its own rate from throttled calls."""

    def __init__(self, endpoint: str, redis_url: str, quota: float) -> None:  # noqa: ARG002 - same signature as the others
        self._client = rekognition(endpoint, "adaptive", 5)

    def call(self, image: bytes) -> None:
        """Call; botocore waits."""
        is_throttled(self._client, image)


class BackoffOnly:
    """The standard mode of botocore: call at once, and back off after each throttled call."""

    def __init__(self, endpoint: str, redis_url: str, quota: float) -> None:  # noqa: ARG002 - same signature as the others
        self._client = rekognition(endpoint, "standard", 5)

    def call(self, image: bytes) -> None:
        """Call; botocore waits."""
        is_throttled(self._client, image)


VARIANTS: dict[str, Callable[[str, str, float], Variant]] = {
    "sightline": Sightline,
    "fixed window": FixedWindow,
    "botocore adaptive": Adaptive,
    "backoff only": BackoffOnly,
}


def rekognition(endpoint: str, mode: Literal["legacy", "standard", "adaptive"], attempts: int) -> "RekognitionClient":
    """Return a client for one process. mode, attempts: how botocore retries."""
    client = Session().create_client(
        "rekognition",
        REGION,
        endpoint_url=endpoint,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - the local endpoint checks no keys
        config=Config(
            retries={"mode": mode, "total_max_attempts": attempts},
            max_pool_connections=64,
            connect_timeout=5,
            read_timeout=30,
        ),
    )
    return cast("RekognitionClient", client)


def is_throttled(client: "RekognitionClient", image: bytes) -> bool:
    """Call once; return whether the call was throttled in the end. A lost connection does not count."""
    try:
        client.detect_labels(Image={"Bytes": image})
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THROTTLES:
            raise
        return True
    except BotoCoreError:
        return False
    return False
