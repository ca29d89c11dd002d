"""`python -m bench.pipeline_memory`: does the memory of a worker grow with the images that it has handled?

The servers, workers and pictures are those of `bench.pipeline`. It prints the resident memory of each worker process
after 500 images and after 2,000, and exits 1 if any has more than a tenth more by then.
"""

import argparse
import signal
import sys
from collections.abc import Mapping
from itertools import pairwise

import psutil

from bench.pipeline_environment import running
from bench.pipeline_pictures import make_pictures
from bench.pipeline_variants import sightline
from dev.stack import Stack
from dev.stack.watched import temporary_folder

FIRST, LAST = 500, 2_000
MOST_GROWTH = 1.1
MIB = 1024 * 1024


def resident(stack: Stack) -> dict[str, float]:
    """Return the resident memory of each worker, with its children, in MiB."""
    return {each.name: _family_mib(each.pid) for each in stack.replicas.processes}


def _family_mib(pid: int) -> float:
    leader = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (leader, *leader.children(recursive=True))) / MIB


def report(before: Mapping[str, float], after: Mapping[str, float], counts: tuple[int, int]) -> int:
    """Print both; return the exit code."""
    print(f"{'MiB after':14} {counts[0]:>8,} {counts[1]:>8,} images   times")
    for name, mib in after.items():
        print(f"{name:14} {before[name]:8.1f} {mib:8.1f} {mib / before[name]:14.2f}")
    worst = max(mib / before[name] for name, mib in after.items())
    print(f"goal: at most {MOST_GROWTH} times: {'met' if worst <= MOST_GROWTH else 'missed'} ({worst:.2f})")
    return int(worst > MOST_GROWTH)


def main() -> None:
    """Run both parts; exit 1 if the goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.pipeline_memory", description="See the head of its file.")
    parser.add_argument("--first", type=int, default=FIRST, help=f"images before the first look (default {FIRST})")
    parser.add_argument("--last", type=int, default=LAST, help=f"images before the second look (default {LAST})")
    parser.add_argument("--replicas", type=int, default=1, help="worker processes of each queue (default 1)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    pictures = make_pictures("memory", chosen.last)
    ids = [str(each.uri) for each in pictures]
    looks: list[dict[str, float]] = []
    with (
        temporary_folder("bench-pipeline-memory-") as folder,
        running(folder, pictures, chosen.replicas, is_versioned=True) as environment,
    ):
        for begin, end in pairwise((0, chosen.first, chosen.last)):
            rate = (end - begin) / sightline(ids[begin:end], environment.services)
            looks.append(resident(environment.stack))
            print(f"{end:,} images ({rate:.1f}/s)", flush=True)
    before, after = looks
    sys.exit(report(before, after, (chosen.first, chosen.last)))


if __name__ == "__main__":
    main()
