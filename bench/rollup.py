"""`python -m bench.rollup`: what `roll_up_days` costs for a day of 24,000 images, 9 cameras and 20 labels.

Rows read and requests are counted in boto3, on its own DynamoDB Local. The night is measured for a quarter, a half and
all of the images, and again after 27 days of history: its cost grows with its images, and history adds only the daily
summaries. The peak is the process's own, including what it takes to write the test data.
"""

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import boto3

from bench.rollup_environment import CAMERAS, LABELS, Environment, runs, write_history, write_images, write_verdicts
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.storage.dirty_days import Purpose

LAST_DAY = date(2026, 3, 31)
HISTORY_DAYS = 28
SPARE = 1.1
"""A tenth more than must be read."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    images: int
    history_days: int
    rows_read: int
    requests: int
    written: int
    runs: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    def line(self) -> str:
        """Return it as a line of the table."""
        return (
            f"{self.images:8,} {self.history_days:8} {self.rows_read:10,} {self.requests:9,} {self.written:8,} "
            f"{self.runs:5} {self.seconds:8.1f} {self.cpu_seconds:8.1f} {self.peak_mib:9.0f}"
        )


class Counted:
    """Counts requests and the items that were returned, by botocore's events."""

    def __init__(self, client: Any) -> None:
        self.requests: Counter[str] = Counter()
        self.rows = 0
        client.meta.events.register("after-call.dynamodb", self._after)

    def begin(self) -> None:
        """Start counting from zero."""
        self.requests.clear()
        self.rows = 0

    def _after(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests[model.name] += 1
        self.rows += len(parsed.get("Items", ())) + sum(map(len, parsed.get("Responses", {}).values()))
        self.rows += "Item" in parsed


@contextmanager
def endpoint() -> Iterator[str]:
    """Return a DynamoDB Local."""
    with (
        temporary_folder("bench-rollup-") as folder,
        Stack(folder, ["dynamodb"], Options(dynamodb_in_memory=True)) as stack,
    ):
        yield stack.env["SIGHTLINE_DYNAMODB_ENDPOINT"]


def client_of(address: str) -> Any:
    """Return a client of the local server."""
    session = boto3.Session(aws_access_key_id="bench", aws_secret_access_key="bench", region_name="us-east-1")  # noqa: S106 - of a local server
    return session.client("dynamodb", endpoint_url=address)


class Nights:
    """Nights over one day of images, which grows; each night has only the history that it is given."""

    def __init__(self, address: str) -> None:
        self._client = client_of(address)
        self._counted = Counted(self._client)
        self._environment = Environment(self._client, "bench-")
        self._images = 0

    def measure(self, images: int, history_days: int) -> Cost:
        """Let the day grow to so many images, roll it up once, and count."""
        environment = self._environment
        environment.forget()
        write_history(environment, LAST_DAY, history_days)
        days = write_images(environment, LAST_DAY, range(self._images, images))
        self._images = images
        write_verdicts(environment, days)
        environment.operations.dirty_days.mark(days, [Purpose.ROLLUPS])
        environment.operations.checkpoints.keep(
            "roll_up_days", {"last_day": (LAST_DAY - timedelta(days=1)).isoformat()}, timedelta(days=9)
        )
        self._counted.begin()
        begun, begun_cpu = time.perf_counter(), time.process_time()
        written = list(runs(environment.services, LAST_DAY.isoformat()))
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows, requests = self._counted.rows, self._counted.requests.total()
        return Cost(images, history_days, rows, requests, sum(written), len(written), seconds, cpu_seconds, peak)


def judge(half: Cost, whole: Cost, behind: Cost) -> bool:
    """Print what more images and more history cost; return whether the goals are met."""
    images, rows = whole.images - half.images, whole.rows_read - half.rows_read
    summaries = len(CAMERAS) * len(LABELS) * behind.history_days
    print(f"{images:,} more images: {rows:,} more rows; {_times(half, whole)}")
    print(f"{behind.history_days} more days of history: {behind.rows_read - whole.rows_read:,} more rows,", end=" ")
    print(f"of {summaries:,} daily summaries; {_times(whole, behind)}")
    is_linear = rows <= SPARE * images
    is_short = behind.rows_read - whole.rows_read <= SPARE * summaries
    print(f"linear in images: {'yes' if is_linear else 'NO'}; only summaries of history: {'yes' if is_short else 'NO'}")
    return is_linear and is_short


def _times(before: Cost, after: Cost) -> str:
    names = ("rows_read", "requests", "cpu_seconds")
    return ", ".join(f"{name.replace('_', ' ')} × {getattr(after, name) / getattr(before, name):.2f}" for name in names)


def main() -> int:
    """Measure and print; return 1 if a night costs more than its images and the summaries of its windows."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollup", description="What a night of figures costs.")
    parser.add_argument("--images", type=int, default=24_000, help="of the day (default 24,000)")
    whole = parser.parse_args().images
    print(f"{len(CAMERAS)} cameras, {len(LABELS)} labels; one night")
    print(
        f"{'images':>8} {'history':>8} {'rows read':>10} {'requests':>9} {'written':>8} "
        f"{'runs':>5} {'seconds':>8} {'of CPU':>8} {'peak MiB':>9}"
    )
    with endpoint() as address:
        nights, costs = Nights(address), []
        for images, history in ((whole // 4, 0), (whole // 2, 0), (whole, 0), (whole, HISTORY_DAYS - 1)):
            costs.append(nights.measure(images, history))
            print(costs[-1].line(), flush=True)
    return int(not judge(*costs[1:]))


if __name__ == "__main__":
    sys.exit(main())
