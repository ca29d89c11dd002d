"""What does one image cost in the whole pipeline: how many CPU seconds, and how many requests to AWS?

`python -m bench.pipeline [--images N] [--rounds N]`. It starts its own servers and workers: one worker process for
each queue, DynamoDB in memory, Rekognition's remembered answers with 100 ms latency, no quotas. The pictures are of
640 × 480 with distinct bytes, in buckets that keep versions unless `--unversioned` is given. Four ways are compared:
sightline, sightline while its workers send events to Flower, a bare thread pool that makes the same calls and writes
without a queue, and the blog's handler with as many threads, which asks for labels only. Sightline and the pool take
turns of 100 images, and so do the other two: a machine whose speed changes within a minute is as slow for both.

Images a second are printed and not compared. The pool is one process, whose threads share one core; sightline is six
processes, which share what there is: on two cores sightline was 0.53 times as fast as the pool, on many it would be
faster, and neither says what an image costs.

CPU is that of the producer and the workers, or of the pool; what the servers took is printed beside it. The workers are
frozen while the others run. Requests include the counters, for which each round waits at its end. All rounds count, by
what they took in all: medians would leave out what is rare and dear. Exits 1 if a goal is missed.
"""

import argparse
import signal
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.pipeline_costs import Costs
from bench.pipeline_environment import QUEUES, Environment, running
from bench.pipeline_pictures import Picture, make_pictures
from bench.pipeline_variants import POOL_THREADS, Blog, bare_pool, sightline
from dev.stack.watched import temporary_folder

CPU_GOAL = 1.5
"""Times the pool's CPU seconds. Its requests may be as many as the pool's."""

WARM_UP_IMAGES = 150
"""Of each way. After fewer, the servers' Java still compiles itself in the first round, at the cost of all."""

SHOWN = 12

OURS, WITH_EVENTS, POOL, BLOG = "sightline", "with events", "bare pool", "blog's handler"
WAYS = (OURS, WITH_EVENTS, POOL, BLOG)
TURNS = ((OURS, POOL), (WITH_EVENTS, BLOG))
"""Who take turns with each other: one by the workers, and one while they are frozen."""

BY_WORKERS = {OURS, WITH_EVENTS}

TURN_IMAGES = 100


@dataclass(frozen=True, slots=True)
class Run:
    """One round of one way."""

    images: int
    seconds: float
    costs: Costs

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of one image, without the servers'."""
        return self.costs.own_cpu(QUEUES) / self.images

    @property
    def requests(self) -> float:
        """Return the requests to AWS of one image."""
        return self.costs.requests / self.images


class Turns:
    """What the turns of two ways took so far."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.costs: dict[str, Costs] = {}

    def add(self, way: str, seconds: float, costs: Costs) -> None:
        """Add a turn."""
        self.seconds[way] = self.seconds.get(way, 0.0) + seconds
        self.costs[way] = self.costs[way].plus(costs) if way in self.costs else costs


class Bench:
    """The rounds in one environment. Each run has its own pictures: an image paid for once costs nothing again."""

    def __init__(self, environment: Environment, pictures: Mapping[str, Sequence[Picture]]) -> None:
        self._environment = environment
        self._pictures = pictures
        self._blog: Blog = environment.blog()
        self.runs: dict[str, list[Run]] = {way: [] for way in WAYS}

    def warm_up(self) -> None:
        """Open the connections and fill the caches of every way."""
        for pair in TURNS:
            self._pair(pair, "warm-up {}")

    def round(self, number: int) -> None:
        """Run every way once; who begins alternates."""
        for pair in TURNS if number % 2 == 0 else TURNS[::-1]:
            first, second = pair if number % 2 == 0 else pair[::-1]
            for way, run in self._pair((first, second), f"{{}} {number}").items():
                self.runs[way].append(run)
                cost = f"{1000 * run.cpu:7.1f} ms of CPU, {run.requests:5.2f} requests an image"
                print(f"round {number + 1}  {way:14} {cost}   ({run.images / run.seconds:.1f} images/s)", flush=True)

    def _pair(self, ways: Sequence[str], name: str) -> dict[str, Run]:
        """Have two ways take turns until the pictures of both are through."""
        self._environment.send_events(on=WITH_EVENTS in ways)
        begun, turns = self._environment.costs(), Turns()
        ids = {way: [str(each.uri) for each in self._pictures[name.format(way)]] for way in ways}
        for start in range(0, max(map(len, ids.values())), TURN_IMAGES):
            for way in ways:
                self._turn(way, ids[way][start : start + TURN_IMAGES], turns)
        workers, other = sorted(ways, key=lambda way: way not in BY_WORKERS)
        together = self._environment.settled_costs().since(begun)
        turns.costs[workers] = together.since(turns.costs[other]).with_cpu_of(turns.costs[workers])
        return {way: Run(len(ids[way]), turns.seconds[way], turns.costs[way]) for way in ways}

    def _turn(self, way: str, ids: Sequence[str], turns: Turns) -> None:
        before = self._environment.costs_unasked()
        seconds = self._by_workers(ids) if way in BY_WORKERS else self._without_workers(way, ids)
        turns.add(way, seconds, self._environment.costs_unasked().since(before))

    def _by_workers(self, ids: Sequence[str]) -> float:
        return sightline(ids, self._environment.services)

    def _without_workers(self, way: str, ids: Sequence[str]) -> float:
        with self._environment.without_workers():
            return self._blog.run(ids) if way == BLOG else bare_pool(ids, self._environment.services)


def plan_runs(images: int, rounds: int, warm_up_images: int = WARM_UP_IMAGES) -> dict[str, list[Picture]]:
    """Make the pictures of every run."""
    counts = {f"warm-up {way}": warm_up_images for way in WAYS}
    counts |= {f"{way} {number}": images for way in WAYS for number in range(rounds)}
    return {name: make_pictures(_bucket(name), count) for name, count in counts.items()}


def _bucket(name: str) -> str:
    return name.replace(" ", "-").replace("'", "")


def print_costs(way: str, runs: Sequence[Run]) -> None:
    """Print what one image cost over all rounds, and the largest costs of each kind."""
    images, costs = sum(run.images for run in runs), runs[0].costs
    for run in runs[1:]:
        costs = costs.plus(run.costs)
    print(f"\n{way}: what one image costs")
    for kind, counts in costs.kinds.items():
        total = sum(counts.values())
        largest_first = sorted(counts.items(), key=lambda each: -each[1])[:SHOWN]
        largest = ", ".join(f"{name} {number / images:.3f}" for name, number in largest_first)
        print(f"  {kind:16} {total / images:8.3f}   {largest}")


def report(runs: Mapping[str, Sequence[Run]]) -> int:
    """Print the figures and the ratios; return the exit code."""
    for way, each in runs.items():
        print_costs(way, each)
    images = {way: sum(run.images for run in each) for way, each in runs.items()}
    cpu = {way: sum(run.cpu * run.images for run in each) / images[way] for way, each in runs.items()}
    requests = {way: sum(run.costs.requests for run in each) / images[way] for way, each in runs.items()}
    print(f"\nall rounds; a pool and a handler of {POOL_THREADS} threads")
    for way, each in runs.items():
        print(
            f"{way:14} {1000 * cpu[way]:7.1f} ms of CPU: {cpu[way] / cpu[POOL]:.2f} of the pool's "
            f"(median {1000 * statistics.median(run.cpu for run in each):.1f}); "
            f"{requests[way]:5.2f} requests: {requests[way] / requests[POOL]:.2f} of the pool's"
        )
    by_round = [ours.cpu / pool.cpu for ours, pool in zip(runs[OURS], runs[POOL], strict=True)]
    print("times the pool's CPU in each round: " + ", ".join(f"{each:.2f}" for each in by_round))
    print(f"events cost {cpu[WITH_EVENTS] / cpu[OURS]:.2f} times the CPU")
    is_cheap, is_frugal = cpu[OURS] <= CPU_GOAL * cpu[POOL], requests[OURS] <= requests[POOL]
    print(f"goal: at most {CPU_GOAL} times the pool's CPU: {'met' if is_cheap else 'missed'}")
    print(f"goal: no more requests than the pool: {'met' if is_frugal else 'missed'}")
    return 0 if is_cheap and is_frugal else 1


def main() -> None:
    """Run everything; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.pipeline", description="See the head of bench/pipeline.py.")
    parser.add_argument("--images", type=int, default=500, help="of each run (default 500)")
    parser.add_argument("--rounds", type=int, default=4, help="(default 4)")
    parser.add_argument(
        "--warm-up",
        type=int,
        default=WARM_UP_IMAGES,
        metavar="N",
        help=f"images of each way before the first round (default {WARM_UP_IMAGES})",
    )
    parser.add_argument("--replicas", type=int, default=1, help="worker processes of each queue (default 1)")
    parser.add_argument("--unversioned", action="store_true", help="with buckets that keep no versions")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    pictures = plan_runs(chosen.images, chosen.rounds, chosen.warm_up)
    uploaded = [picture for run in pictures.values() for picture in run]
    with (
        temporary_folder("bench-pipeline-") as folder,
        running(folder, uploaded, chosen.replicas, is_versioned=not chosen.unversioned) as environment,
    ):
        bench = Bench(environment, pictures)
        bench.warm_up()
        for number in range(chosen.rounds):
            bench.round(number)
    sys.exit(report(bench.runs))


if __name__ == "__main__":
    main()
