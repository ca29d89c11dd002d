"""Letters and leases for the tests of the store of operations."""

from datetime import timedelta

from sightline.storage.dead_letters import DeadLetter
from sightline.storage.leases import Lease
from sightline.storage.operations import Operations
from sightline.testing.clocks import MovingClock

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LONG_KEY = "s3://yard/" + "k" * 1024
STRANGE = [
    's3://yard/a "quoted" \\ key.jpg',
    "s3://yard/😀\nnew line\t.jpg",
    LONG_KEY,
    "é" * 700,
    "",
    "\ud800 alone",
    "\0",
]


def letter_of(subject: str, clock: MovingClock, error: str = "EmptyImage") -> DeadLetter:
    message = {"uri": subject, "lane": "live", "extra": [1, 2.123456789, None, True, {"": "😀"}]}
    return DeadLetter(error, subject, "a rule", "a remedy", "ingest_image", message, clock.now, clock.now)


def take(operations: Operations, holder: str) -> Lease:
    lease = operations.leases.acquire("sync_graph", holder, MINUTE)
    assert lease is not None
    return lease
