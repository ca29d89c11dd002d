"""Is anything lost, left in a wrong state, or paid twice, whatever dies?

`python -m bench.soak [--images N] [--seed N] [--minutes M] [--kills N] [--outage S] [--reported-faults]`. Real servers
and real workers, two processes for each queue, and beat. While images are handed in, workers get kill -9, each server
is killed or frozen, Redis is emptied twice, every tenth message is sent twice, images are overwritten, and beat is
killed. `--reported-faults` adds what people have met (`bench.soak_reported`). Then everything has time to heal by
itself, and the end is compared with that of a clean run over the same objects: rows without times, ULIDs, versions,
attempts and lane; and the cost by `sightline status` with the endpoint's log. It prints a table. Exit status: 0 if all
promises were kept, 1 if one was broken, 3 if there is no verdict (the soak itself failed, or the clean run did not
end).
"""

import argparse
import math
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neo4j.exceptions import DriverError, Neo4jError

from bench.soak_costs import cost_lines
from bench.soak_end import End, clear_graph, is_finished, read_end
from bench.soak_environment import REMEMBERED, WORKERS, Environment, Images, add_seed, add_versioned, options, plan
from bench.soak_faults import Faults, script
from bench.soak_pictures import BUCKET, remember
from bench.soak_producers import Producers
from bench.soak_report import Report, print_report
from bench.soak_reported import ReportedFaults, ReportedFiles
from dev.stack import Stack
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from sightline.bootstrap import redis_client
from sightline.errors import SightlineError
from sightline.models.images import Lane
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import walk

STANDSTILL_SECONDS = 400.0
"""The reconciler first looks after two minutes, then once a period, and a lease must expire (150 s)."""

POLL_SECONDS = 2.0
CANCELS = 3
HANDING_IN = 0.8
"""The share of the time with faults in which images are handed in: the last ones meet faults too."""


def main() -> None:
    """Run it, print how it ended, and exit with the verdict."""
    chosen = _options()
    print(f"seed {chosen.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    today = datetime.now(UTC)
    files = ReportedFiles(today, chosen.minutes * 60 * HANDING_IN) if chosen.reported_faults else None
    images = Images(chosen.images, today, files.to_be_complete if files else ())
    with temporary_folder("sightline-soak-") as folder:
        made = options(folder, images, is_versioned=chosen.versioned)
        remember(folder / REMEMBERED, files.pictures() if files else (), plan())
        with Stack(folder / "stack", options=made) as stack:
            report = soak(stack, images, chosen, files)
        print_report(report)
        if report.verdict and chosen.keep_logs:
            (folder / "stack" / "logs").rename(chosen.keep_logs)
    sys.exit(report.verdict)


def soak(stack: Stack, images: Images, chosen: argparse.Namespace, files: ReportedFiles | None) -> Report:
    """Run with faults, let it heal, then compare with a run without faults."""
    stack.set_up()
    stack.start_workers(WORKERS)
    environment, seconds = Environment(stack), chosen.minutes * 60
    overwrites = min(50, images.count // 4)
    producers = Producers(environment, images, overwrites, seconds * HANDING_IN, chosen.seed)
    acts = script(random.Random(chosen.seed), seconds, chosen.kills, chosen.outage, CANCELS if files else 0)
    faults = Faults(environment, acts)
    reported = ReportedFaults(environment, files) if files else None
    begun = time.monotonic()
    play(producers, faults, reported)
    print(f"handed in {producers.handed_in}, overwritten {len(producers.overwritten)}; now it heals", flush=True)
    healed = wait_for_all(environment, images)
    contents = files.snapshot.contents if files else set[str]()
    report = Report.of(environment, images, producers, faults, healed.seconds, counted_apart=contents)
    if not files:  # the files of people's accounts are billed to buckets of others too
        report = report.with_lines(cost_lines(environment))
    if reported:
        reported.wait_for_letter()
        lines = reported.lines(faults, (time.monotonic() - begun) / 60)
        report = report.with_lines(lines).failed_itself(reported.failed)
    end = read_end(environment, images.uris)
    environment.close()
    return compare(report, end, stack, images)


def play(producers: Producers, faults: Faults, reported: ReportedFaults | None) -> None:
    """Hand in the images while the faults happen."""
    if reported:
        reported.start()
    thread = producers.start()
    faults.play()
    thread.join()
    if reported:
        reported.finish()


def compare(report: Report, end: End, stack: Stack, images: Images) -> Report:
    """Add how this end differs from that of a clean run, or why there is none to compare it with."""
    try:
        clean = clean_run(stack, images)
    except (NotComplete, SightlineError, Neo4jError, DriverError) as error:
        return report.not_compared(f"the clean run failed: {error}")
    return report.compared(end, clean)


class NotComplete(RuntimeError):
    """The clean run stood still before its images were complete."""


@dataclass(frozen=True, slots=True)
class Waited:
    """How long it took. left: the images that were not complete when nothing moved any more."""

    seconds: float
    left: Sequence[str]


def wait_for_all(environment: Environment, images: Images) -> Waited:
    """Wait until each image is complete with the bytes that are in its bucket, or until nothing moves any more."""
    begun = time.monotonic()
    etags = {str(head.uri): head.etag for head in walk(environment.services.buckets, BUCKET, "")}
    left: list[str] = []

    def look() -> list[str]:
        rows = environment.services.images.get_many(images.uris)
        left[:] = [uri for uri in images.uris if not is_finished(rows.get(uri), etags.get(uri, ""))]
        return left

    wait_until(
        lambda: not look(),
        lambda: len(left or look()),
        every=POLL_SECONDS,
        standstill=STANDSTILL_SECONDS,
        longest=math.inf,
        tell=lambda seconds: print(f"{seconds:6.1f} s  {len(left)} to go", flush=True),
    )
    return Waited(time.monotonic() - begun, left)


def clean_run(stack: Stack, images: Images) -> End:
    """Process the same objects once more, with new tables, queues and graph, and without faults.

    The schedule runs too: on a busy machine a server may not answer for so long that a step is given up.
    """
    stack.replicas.stop()
    environment = Environment(stack)
    clear_graph(environment)
    channels = ("&clean:/0.celery.pidbox", "&clean:/0.celeryev/*")
    users = redis_client(environment.settings)
    users.execute_command("ACL", "SETUSER", "worker", "~clean:*", *channels)  # type: ignore[no-untyped-call]
    stack.env |= {"SIGHTLINE_TABLE_PREFIX": "clean-", "SIGHTLINE_KEY_PREFIX": "clean:", "SIGHTLINE_SWEEP": ""}
    stack.set_up()
    stack.start_workers({name: min(count, 1) for name, count in WORKERS.items()})
    environment = Environment(stack)
    try:
        add_images(images.uris, Lane.LIVE, environment.services)
        if left := wait_for_all(environment, images).left:
            raise NotComplete(f"it stood still with {len(left)} of {len(images.uris)} images to go, such as {left[0]}")
        return read_end(environment, images.uris)
    finally:
        environment.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__)
    parser.add_argument("--images", type=int, default=3000)
    add_seed(parser)
    add_versioned(parser)
    parser.add_argument("--minutes", type=float, default=5.0, help="with faults")
    parser.add_argument("--kills", type=int, default=24, help="of worker processes")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds that a server is away at most")
    parser.add_argument("--reported-faults", action="store_true", help="also what people's cameras and accounts do")
    parser.add_argument("--keep-logs", type=Path, help="where the logs go unless all promises are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
