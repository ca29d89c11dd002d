"""How long does the sync take at the blog's scale, and does an update cost more in a larger graph?

`python -m bench.sync [--images N]`, on its own servers. 214,000 images, 1,489 labels, 9 cameras, about three million
relationships: from rows in DynamoDB into an empty graph by `sightline sync --full`, in a process of its own. The rate
in each tenth is read from the graph's counter; the peak memory is what the system reports when the process has ended.
Then 1,000 new rows are synced, at a tenth of the scale and at the full scale, on tables of their own. It exits 1 if a
goal is missed.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import neo4j

from bench.sync_rows import new_rows, old_rows, write
from dev.stack import Options, Stack
from dev.stack.settings import settings_of
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from dev.stack.watcher import seen
from sightline.bootstrap import aws_session, connect, neo4j_driver
from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun, run_under_lease
from sightline.services.sync import NAME, sync_with

IMAGES = 214_000
NEW_ROWS = 1_000
ROUNDS = 3
SERVERS = ("dynamodb", "neo4j", "s3")
COUNT = "MATCH (image:Image) RETURN count(image) AS found"
LOOK_SECONDS = 0.25
QUERIES = ("heat-map", "confidence-histogram")


@dataclass(frozen=True, slots=True)
class Load:
    """One full load. tenths: images a second in each tenth of the images; peak_bytes: memory of the process."""

    images: int
    seconds: float
    tenths: list[float]
    peak_bytes: int


class Environment:
    """The servers with the tables of one prefix."""

    def __init__(self, stack: Stack, prefix: str) -> None:
        env = {**stack.env, "SIGHTLINE_TABLE_PREFIX": prefix}
        self._environment = {**os.environ, **env}
        settings = settings_of(env)
        self.services: Services = connect(settings)
        self._driver = neo4j_driver(settings)
        self._database = settings.neo4j_database
        self._dynamodb = aws_session(settings).client("dynamodb", endpoint_url=settings.dynamodb_endpoint)
        self._prefix = settings.table_prefix

    def set_up(self) -> None:
        """Create tables and constraints."""
        for store in (self.services.images, self.services.operations, self.services.graph):
            store.setup()
        self.services.buckets.create(self.services.checkpoint_bucket)

    def write_old(self, count: int, total: int) -> None:
        """Write the first rows of `total`."""
        begun = time.perf_counter()
        written = write(self._dynamodb, self._prefix, old_rows(count, total, datetime.now(UTC)))
        print(f"{written:,} rows written into DynamoDB in {time.perf_counter() - begun:,.0f} s", flush=True)

    def wipe(self) -> None:
        """Empty the graph and its positions, in slices."""
        with self._driver.session(database=self._database) as session:
            for match in ("()-[gone]->()", "(gone)"):
                session.run(f"MATCH {match} CALL (gone) {{ DELETE gone }} IN TRANSACTIONS OF 10000 ROWS").consume()

    def images_shown(self) -> int:
        """Return the database's counter of images."""
        records, _, _ = self._driver.execute_query(COUNT, database_=self._database, routing_=neo4j.RoutingControl.READ)
        return int(records[0]["found"])

    def load(self) -> Load:
        """Run `sightline sync --full` in its own process, and watch the graph grow."""
        begun, shown = time.perf_counter(), [(0.0, 0)]
        command = [sys.executable, "-c", "from sightline.cli import main; main()", "sync", "--full", "--json"]
        process = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)
        ended: list[tuple[int, resource.struct_rusage]] = []

        def has_ended() -> bool:
            shown.append((time.perf_counter() - begun, self.images_shown()))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)  # reports the peak of its memory as well
            if pid:
                ended.append((status, usage))
            return bool(ended)

        if not wait_until(has_ended, lambda: seen(process.pid), every=LOOK_SECONDS, longest=math.inf):
            process.kill()
            process.wait()
            sys.exit("the sync makes no progress")
        status, usage = ended[0]
        process.returncode = os.waitstatus_to_exitcode(status)
        images, _ = self.services.images.count()
        if process.returncode or self.images_shown() != images:
            sys.exit(f"the sync ended with {process.returncode} and {self.images_shown():,} of {images:,} images")
        return Load(images, shown[-1][0], tenths(shown, images), usage.ru_maxrss * 1024)

    def sync_new_rows(self, name: str) -> tuple[float, int]:
        """Sync some new rows; return the seconds, and the number of rows read."""
        write(self._dynamodb, self._prefix, new_rows(name, NEW_ROWS, datetime.now(UTC)))
        outcomes: list[Mapping[str, Json]] = []

        def work(run: LeasedRun) -> Mapping[str, Json]:
            outcomes.append(sync_with(self.services).run(run.lease.fence, run.goes_on))
            return outcomes[0]

        begun = time.perf_counter()
        run_under_lease(NAME, self.services, work)
        if outcomes[0]["merged"] != NEW_ROWS:
            sys.exit(f"{outcomes[0]['merged']} of {NEW_ROWS} new rows were merged")
        return time.perf_counter() - begun, outcomes[0]["read"]

    def ask(self, query: str) -> tuple[float, int]:
        """Run one of the blog's queries on a warm graph; return milliseconds and rows."""
        self.services.graph.query(query)
        begun = time.perf_counter()
        rows = len(self.services.graph.query(query))
        return (time.perf_counter() - begun) * 1000, rows

    def close(self) -> None:
        """Close the connections."""
        self.services.graph.close()
        self._driver.close()


def tenths(shown: list[tuple[float, int]], images: int) -> list[float]:
    """Return images a second in each tenth, interpolated between looks; the start of the process is left out."""
    begin = max((at for at, count in shown if count == 0), default=0.0)
    marks = [begin, *(_reached(shown, images * tenth / 10) for tenth in range(1, 11))]
    return [images / 10 / (late - early) for early, late in pairwise(marks)]


def _reached(shown: list[tuple[float, int]], count: float) -> float:
    """Return the time at which so many images were shown, interpolated between two looks."""
    for (early, fewer), (late, more) in pairwise(shown):
        if fewer < count <= more:
            return early + (late - early) * (count - fewer) / (more - fewer)
    return shown[-1][0]


def scale(environment: Environment, images: int, total: int) -> tuple[Load, float]:
    """Load images into an empty graph, then sync new ones; return the load, and the median seconds of the new ones."""
    environment.set_up()
    environment.write_old(images, total)
    environment.wipe()
    load = environment.load()
    memory = load.peak_bytes / 2**20
    print(f"{load.images:,} images by sync --full: {load.seconds / 60:.1f} minutes, {memory:,.0f} MiB at most")
    print("  images/s in each tenth: " + " ".join(f"{rate:,.0f}" for rate in load.tenths))
    runs = [environment.sync_new_rows(f"{images}-{round_}") for round_ in range(ROUNDS)]
    read = ", ".join(f"{rows:,}" for _, rows in runs)
    print(
        f"  {NEW_ROWS:,} new rows: " + ", ".join(f"{taken:.2f} s" for taken, _ in runs) + f"; rows read: {read}",
        flush=True,
    )
    return load, statistics.median(taken for taken, _ in runs)


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=IMAGES)
    total = parser.parse_args().images
    with (
        temporary_folder("bench-sync-") as folder,
        Stack(folder, SERVERS, Options(dynamodb_in_memory=True)) as stack,
    ):
        tenth = Environment(stack, "tenth-")
        _, few = scale(tenth, total // 10, total)
        tenth.close()
        environment = Environment(stack, "whole-")
        load, many = scale(environment, total, total)
        counts = environment.services.graph.counts()
        print(f"the graph: {counts.nodes['Image']:,} images, {sum(counts.relationships.values()):,} relationships")
        for query in QUERIES:
            taken, rows = environment.ask(query)
            print(f"  query {query}: {taken:,.0f} ms, {rows:,} rows")
        environment.close()
    goals = [
        ("rate of the last tenth / of the first", load.tenths[-1] / load.tenths[0], ">=", 0.8),
        (f"cost of {NEW_ROWS:,} new rows at {total:,} images / at {total // 10:,}", many / few, "<=", 1.2),
    ]
    met = [value >= goal if sign == ">=" else value <= goal for _, value, sign, goal in goals]
    for (name, value, sign, goal), is_met in zip(goals, met, strict=True):
        print(f"{name}: {value:.2f} (goal: {sign} {goal}) {'met' if is_met else 'MISSED'}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
