"""`python -m bench.pipeline_before CHECKOUT`: what an image costs, next to what it cost in an older commit.

CHECKOUT is a work tree of that commit with its own `.venv`. The layouts differ too much for its workers to run beside
ours on one stack: tables, settings and messages have changed. So both commits' own `bench.pipeline` run in turn, on the
same machine under the same load, and every CPU second is divided by that of a loop which runs every half second all
the while. The older commit goes first in every other round. CPU is that of producer and workers.
Exits 1 if the goal is missed: at most 0.55 times the older commit's CPU.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from bench.pipeline_costs import CPU, PRODUCER
from bench.pipeline_environment import QUEUES

GOAL = 0.55
LOOP = 20_000
"""Turns of the loop: about a millisecond."""

EVERY_SECONDS = 0.5
HEADING = "sightline: what one image costs"
OURS, BEFORE = "now", "before"


class Unreadable(RuntimeError):
    """A benchmark has not printed what an image costs."""


def cpu_of_an_image(printed: str) -> float:
    """Return the CPU seconds of producer and workers from what `bench.pipeline` prints, of any commit."""
    _, found, section = printed.partition(HEADING)
    line = next((each for each in section.splitlines() if each.strip().startswith(CPU)), "")
    seconds = {name: float(number) for name, number in re.findall(r"(\S+) (\d+\.\d+)(?:,|$)", line)}
    if not found or not {PRODUCER, *QUEUES} <= seconds.keys():
        raise Unreadable(f"it printed no costs of producer and workers. It ended:\n{printed[-2000:]}")
    return sum(seconds[name] for name in (PRODUCER, *QUEUES))


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


def loops_of_an_image(checkout: Path, python: Path, images: int) -> tuple[float, float]:
    """Run the benchmark of a checkout once; return what an image takes in CPU seconds, and in loops."""
    command = [str(python), "-m", "bench.pipeline", "--images", str(images), "--rounds", "1", "--replicas", "2"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    running = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with calibrated() as loops:
        try:
            printed, _ = running.communicate()
        finally:
            running.terminate()  # it stops its own servers and workers
    seconds = cpu_of_an_image(printed)
    return seconds, seconds / statistics.median(loops)


def main() -> None:
    """Run both in turn; exit 1 if the goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.pipeline_before", description="See the head of its file.")
    parser.add_argument("checkout", type=Path, help="work tree of the older commit, with its own .venv")
    parser.add_argument("--images", type=int, default=200, help="of each run (default 200)")
    parser.add_argument("--rounds", type=int, default=2, help="(default 2)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    checkout = chosen.checkout.resolve()
    runs = {OURS: (Path.cwd(), Path(sys.executable)), BEFORE: (checkout, checkout / ".venv/bin/python")}
    loops: dict[str, list[float]] = {OURS: [], BEFORE: []}
    for number in range(chosen.rounds):
        for way in (BEFORE, OURS) if number % 2 else (OURS, BEFORE):
            seconds, of_loops = loops_of_an_image(*runs[way], chosen.images)
            loops[way].append(of_loops)
            print(
                f"round {number + 1}  {way:7} {1000 * seconds:7.1f} ms of CPU an image, {of_loops:.1f} loops",
                flush=True,
            )
    ratio = statistics.median(loops[OURS]) / statistics.median(loops[BEFORE])
    print(f"goal: at most {GOAL} times the older commit's CPU: {'met' if ratio <= GOAL else 'missed'} ({ratio:.2f})")
    sys.exit(int(ratio > GOAL))


if __name__ == "__main__":
    main()
