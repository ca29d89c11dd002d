"""Is anything lost, left in a wrong state, or paid twice, whatever dies?

`python -m bench.soak [--images N] [--seed N] [--minutes M] [--kills N] [--outage S]`. Real servers and real workers,
two processes for each queue, and beat. While images are handed in, workers get kill -9, each server is killed or
frozen, Redis is emptied twice, every tenth message is sent twice, images are overwritten, and beat is killed. Then
everything has time to heal by itself, and the end is compared with that of a clean run over the same objects: rows
without times, ULIDs, versions, attempts and lane. It prints a table, and exits 1 where a promise is broken.
"""

import argparse
import math
import random
import signal
import sys
import time
from pathlib import Path

from bench.soak_end import clear_graph, is_finished, read_end
from bench.soak_environment import WORKERS, Environment, Images, options
from bench.soak_faults import Faults, script
from bench.soak_pictures import BUCKET
from bench.soak_producers import Producers
from bench.soak_report import Report, print_report
from dev.stack import Stack
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import walk

STANDSTILL_SECONDS = 400.0
"""Two minutes until the reconciler first looks, its period, and a lease that must end (150 s)."""

POLL_SECONDS = 2.0
HANDING_IN = 0.8
"""Of the time of faults: the last images meet faults too."""


def main() -> None:
    """Run it and say how it ended."""
    chosen = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    images = Images(chosen.images)
    with (
        temporary_folder("sightline-soak-") as folder,
        Stack(folder / "stack", options=options(folder, images)) as stack,
    ):
        report = soak(stack, images, chosen)
        print_report(report)
        if report.violations and chosen.keep_logs:
            (folder / "stack" / "logs").rename(chosen.keep_logs)
    sys.exit(1 if report.violations else 0)


def soak(stack: Stack, images: Images, chosen: argparse.Namespace) -> Report:
    """Run with faults, let it heal, then run without."""
    stack.set_up()
    stack.start_workers(WORKERS)
    environment, seconds = Environment(stack), chosen.minutes * 60
    overwrites = min(50, images.count // 4)
    producers = Producers(environment, images, overwrites, seconds * HANDING_IN, chosen.seed)
    acts = script(random.Random(chosen.seed), seconds, chosen.kills, chosen.outage)
    faults = Faults(environment, acts)
    thread = producers.start()
    faults.play()
    thread.join()
    print(f"handed in {producers.handed_in}, overwritten {len(producers.overwritten)}; now it heals", flush=True)
    healed = wait_for_all(environment, images)
    report = Report.of(environment, images, producers, faults, healed)
    ends = read_end(environment, images.uris)
    environment.close()
    return report.compared(ends, clean_run(stack, images))


def wait_for_all(environment: Environment, images: Images) -> float:
    """Wait until each image is complete with the bytes that are there, or nothing moves; return the seconds it took."""
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
    return time.monotonic() - begun


def clean_run(stack: Stack, images: Images) -> Environment:
    """Carry the same objects through tables, queues and a graph that are new, and let nothing go wrong."""
    stack.replicas.stop()
    clear_graph(Environment(stack))
    stack.env |= {"SIGHTLINE_TABLE_PREFIX": "clean-", "SIGHTLINE_KEY_PREFIX": "clean:", "SIGHTLINE_SWEEP": ""}
    stack.set_up()
    stack.start_workers({name: min(count, 1) for name, count in WORKERS.items() if name != "beat"})
    environment = Environment(stack)
    add_images(images.uris, services=environment.services)
    wait_for_all(environment, images)
    return environment


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long things go wrong")
    parser.add_argument("--kills", type=int, default=24, help="of worker processes")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds that a server is away at most")
    parser.add_argument("--keep-logs", type=Path, help="where the logs go when a promise is broken")
    return parser.parse_args()


if __name__ == "__main__":
    main()
