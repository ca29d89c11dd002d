"""`python -m bench.pipeline_before CHECKOUT`: what an image costs, next to what it cost in an older commit.

CHECKOUT is a work tree of that commit with its own `.venv`. The layouts differ too much for its workers to run beside
ours on one stack: tables, settings and messages have changed. So both commits' own `bench.pipeline` run in turn, on the
same machine under the same load, and every CPU second is divided by that of a loop which runs every half second all
the while. The older commit goes first in every other round. CPU is that of producer and workers.
Exits 1 if the goal is missed: at most 0.55 times the older commit's CPU.

The bare pool of each commit is printed too. It uses that commit's own stores, so it has become cheaper with them, and
the times of today's pool say less and less of how far sightline has come.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from bench.pipeline import OURS as SIGHTLINE
from bench.pipeline import POOL
from bench.pipeline_costs import CPU, PRODUCER
from bench.pipeline_environment import QUEUES

GOAL = 0.55
LOOP = 20_000
"""Turns of the loop: about a millisecond."""

EVERY_SECONDS = 0.5
HEADING = "{}: what one image costs"
OURS, BEFORE = "now", "before"
WARM_UP = ("--warm-up", "32")
"""Ours warms up no longer than the older commit, whose benchmark has no such option."""

PROCESSES = {SIGHTLINE: (PRODUCER, *QUEUES), POOL: (PRODUCER,)}
"""Whose CPU counts: the pool is a part of the benchmark's own process, which is the producer elsewhere."""


class Unreadable(RuntimeError):
    """A benchmark has not printed what an image costs."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an image takes in CPU seconds, and in loops."""

    seconds: float
    loops: float

    def __str__(self) -> str:
        """Return both as they are printed."""
        return f"{1000 * self.seconds:6.1f} ms, {self.loops:5.1f} loops"


def cpu_of_an_image(printed: str, way: str) -> float:
    """Return the CPU seconds of sightline or of the pool from what `bench.pipeline` prints, of any commit."""
    _, found, section = printed.partition(HEADING.format(way))
    line = next((each for each in section.splitlines() if each.strip().startswith(CPU)), "")
    seconds = {name: float(number) for name, number in re.findall(r"(\S+) (\d+\.\d+)(?:,|$)", line)}
    if not found or not seconds.keys() >= set(PROCESSES[way]):
        raise Unreadable(f"it printed no costs of {way}. It ended:\n{printed[-2000:]}")
    return sum(seconds[name] for name in PROCESSES[way])


@contextmanager
def calibrated() -> Iterator[list[float]]:
    """Give a list that takes the CPU seconds of the loop, every half second while the block runs."""
    taken: list[float] = []
    ended = Event()

    def measure() -> None:
        while not ended.wait(EVERY_SECONDS):
            taken.append(_loop_seconds())

    thread = Thread(target=measure, name="calibration")
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def _loop_seconds() -> float:
    begun, total = time.thread_time(), 0
    for number in range(LOOP):
        total += number
    return time.thread_time() - begun


def costs_of_an_image(checkout: Path, python: Path, options: Sequence[str]) -> dict[str, Cost]:
    """Run one round of the benchmark of a checkout; return what an image costs, by way."""
    command = [str(python), "-m", "bench.pipeline", "--rounds", "1", "--replicas", "2", *options]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    running = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with calibrated() as loops:
        try:
            printed, _ = running.communicate()
        finally:
            running.terminate()  # it stops its own servers and workers
    seconds = {way: cpu_of_an_image(printed, way) for way in PROCESSES}
    return {way: Cost(each, each / statistics.median(loops)) for way, each in seconds.items()}


def main() -> None:
    """Run both in turn; exit 1 if the goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.pipeline_before", description="See the head of its file.")
    parser.add_argument("checkout", type=Path, help="work tree of the older commit, with its own .venv")
    parser.add_argument("--images", type=int, default=200, help="of each run (default 200)")
    parser.add_argument("--rounds", type=int, default=2, help="(default 2)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    checkout = chosen.checkout.resolve()
    images = ("--images", str(chosen.images))
    runs = {
        OURS: (Path.cwd(), Path(sys.executable), (*images, *WARM_UP)),
        BEFORE: (checkout, checkout / ".venv/bin/python", images),
    }
    costs: dict[str, list[dict[str, Cost]]] = {OURS: [], BEFORE: []}
    for number in range(chosen.rounds):
        for commit in (BEFORE, OURS) if number % 2 else (OURS, BEFORE):
            found = costs_of_an_image(*runs[commit])
            costs[commit].append(found)
            shown = "; ".join(f"{way} {cost}" for way, cost in found.items())
            print(f"round {number + 1}  {commit:7} CPU an image: {shown}", flush=True)
    sys.exit(report(costs))


def report(costs: Mapping[str, Sequence[Mapping[str, Cost]]]) -> int:
    """Print the ratios of the medians; return the exit code."""
    loops = {
        (commit, way): statistics.median(run[way].loops for run in rounds)
        for commit, rounds in costs.items()
        for way in PROCESSES
    }
    now = loops[OURS, SIGHTLINE]
    print(f"times today's bare pool: {now / loops[OURS, POOL]:.2f}")
    print(f"times the older commit's bare pool: {now / loops[BEFORE, POOL]:.2f}")
    ratio = now / loops[BEFORE, SIGHTLINE]
    print(f"goal: at most {GOAL} times the older commit's CPU: {'met' if ratio <= GOAL else 'missed'} ({ratio:.2f})")
    return int(ratio > GOAL)


if __name__ == "__main__":
    main()
