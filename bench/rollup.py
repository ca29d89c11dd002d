"""`python -m bench.rollup`: what `roll_up_days` costs for a day of 24,000 images, 9 cameras and 20 labels.

Rows read and requests are counted at boto3's door, on a DynamoDB Local that is started for it, or the one that
SIGHTLINE_TEST_DYNAMODB_ENDPOINT names. The night is measured for a quarter, a half and the whole of the images, and
again behind 28 days of history: the cost of a night follows its images, and history adds its summaries only.
"""

import argparse
import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import boto3

from bench.rollup_ground import CAMERAS, LABELS, Ground, write_history, write_images, write_verdicts
from dev.stack import Options, Stack
from stores.operations.days import Purpose
from tasks.rollups.run import RollUp

LAST_DAY = date(2026, 3, 31)
HISTORY_DAYS = 28


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    images: int
    history_days: int
    rows_read: int
    requests: int
    written: int
    seconds: float
    peak_mib: float


class Counted:
    """Counts requests and the items that came back, by botocore's own events."""

    def __init__(self, client: Any) -> None:
        self.requests: Counter[str] = Counter()
        self.rows = 0
        client.meta.events.register("after-call.dynamodb", self._after)

    def _after(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests[model.name] += 1
        self.rows += len(parsed.get("Items", ())) + sum(map(len, parsed.get("Responses", {}).values()))
        self.rows += "Item" in parsed


@contextmanager
def endpoint() -> Iterator[str]:
    """Give a DynamoDB Local."""
    if given := os.environ.get("SIGHTLINE_TEST_DYNAMODB_ENDPOINT"):
        yield given
        return
    with TemporaryDirectory() as folder, Stack(Path(folder), ["dynamodb"], Options(dynamodb_in_memory=True)) as stack:
        yield stack.env["SIGHTLINE_DYNAMODB_ENDPOINT"]


def client_of(address: str) -> Any:
    """Make a client for the local server."""
    session = boto3.Session(aws_access_key_id="bench", aws_secret_access_key="bench", region_name="us-east-1")  # noqa: S106 - of a local server
    return session.client("dynamodb", endpoint_url=address)


def measure(address: str, images: int, history_days: int) -> Cost:
    """Write a day (and the summaries of days before it), then roll it up once, counting."""
    client, prefix = client_of(address), f"bench-{uuid4().hex[:8]}-"
    ground = Ground(client, prefix)
    try:
        write_history(ground, LAST_DAY, history_days)
        days = write_images(ground, LAST_DAY, images)
        write_verdicts(ground, days)
        ground.operations.mark_days(days, [Purpose.ROLLUPS])
        ground.operations.keep_checkpoint(
            "roll_up_days", {"last_day": (LAST_DAY - timedelta(days=1)).isoformat()}, timedelta(days=9)
        )
        counted, begun = Counted(client), time.perf_counter()
        outcome = RollUp(ground.services, LAST_DAY.isoformat()).do(lambda: True)
        seconds = time.perf_counter() - begun
    finally:
        ground.drop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(images, history_days, counted.rows, counted.requests.total(), int(outcome["written"]), seconds, peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24_000)
    whole = parser.parse_args().images
    print(f"{len(CAMERAS)} cameras, {len(LABELS)} labels; one night")
    print(
        f"{'images':>8} {'history':>8} {'rows read':>10} {'requests':>9} {'written':>8} {'seconds':>8} {'peak MiB':>9}"
    )
    with endpoint() as address:
        for images, history in ((whole // 4, 0), (whole // 2, 0), (whole, 0), (whole, HISTORY_DAYS - 1)):
            c = measure(address, images, history)
            print(
                f"{c.images:8,} {c.history_days:8} {c.rows_read:10,} {c.requests:9,} {c.written:8,} "
                f"{c.seconds:8.1f} {c.peak_mib:9.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
