"""How many images a second go through the whole pipeline, and what does each cost?

`python -m bench.pipeline [--images N] [--rounds N]`. It starts its own servers and workers: two worker processes for
each queue, DynamoDB in memory, Rekognition's remembered answers with 100 ms latency, no quotas. The pictures are of
640 × 480 with distinct bytes. A bare thread pool makes the same calls and writes without a queue, while the workers are
frozen; the two take turns, and a figure is the median of the rounds. The blog's sequential handler gets 100 images: it
asks for labels only, and writes one item and one transaction for each. The benchmark prints what one image costs, the
largest costs first, and exits 1 if the goal is missed.
"""

import argparse
import signal
import statistics
import sys
from collections.abc import Callable, Sequence

from bench.pipeline_costs import Costs
from bench.pipeline_environment import Environment, running
from bench.pipeline_pictures import Picture, make_pictures
from bench.pipeline_variants import POOL_THREADS, bare_pool, sightline
from dev.stack.watched import temporary_folder

GOAL = 0.5
BLOG_IMAGES = 100
WARM_UP_IMAGES = 32
SHOWN = 12


class Bench:
    """The rounds in one environment. Each run has its own pictures: an image paid for once costs nothing again."""

    def __init__(self, environment: Environment, runs: dict[str, list[Picture]]) -> None:
        self._environment = environment
        self._runs = runs
        self.rates: dict[str, list[float]] = {"sightline": [], "bare pool": []}
        self.costs: dict[str, Costs] = {}

    def warm_up(self) -> None:
        """Open the connections and fill the caches of both variants."""
        for variant in self.rates:
            self._runner(variant)(self._ids(f"warm-up {variant}"))

    def round(self, number: int) -> None:
        """Run both variants; the second of a round is the first of the next one."""
        variants = sorted(self.rates, reverse=bool(number % 2))
        for variant in variants:
            ids = self._ids(f"{variant} {number}")
            before = self._environment.costs()
            seconds = self._runner(variant)(ids)
            self.costs[variant] = self._environment.costs().since(before)
            self.rates[variant].append(len(ids) / seconds)
            print(f"round {number + 1}  {variant:10} {len(ids) / seconds:8.1f} images/s", flush=True)

    def blog(self) -> float:
        """Return the images a second of the blog's handler."""
        ids = self._ids("blog")
        handler = self._environment.blog()
        with self._environment.without_workers():
            return len(ids) / handler.run(ids)

    def _ids(self, run: str) -> list[str]:
        return [str(each.uri) for each in self._runs[run]]

    def _runner(self, name: str) -> Callable[[Sequence[str]], float]:
        return self._sightline if name == "sightline" else self._bare_pool

    def _sightline(self, ids: Sequence[str]) -> float:
        return sightline(ids, self._environment.services)

    def _bare_pool(self, ids: Sequence[str]) -> float:
        with self._environment.without_workers():
            return bare_pool(ids, self._environment.services)


def plan_runs(images: int, rounds: int) -> dict[str, list[Picture]]:
    """Make the pictures of every run."""
    counts = {f"warm-up {variant}": WARM_UP_IMAGES for variant in ("sightline", "bare pool")}
    counts |= {f"{variant} {number}": images for variant in ("sightline", "bare pool") for number in range(rounds)}
    counts["blog"] = min(BLOG_IMAGES, images)
    return {run: make_pictures(run.replace(" ", "-"), count) for run, count in counts.items()}


def print_costs(variant: str, costs: Costs, images: int) -> None:
    """Print what one image cost, and the largest costs of each kind."""
    print(f"\n{variant}: what one image costs")
    for kind, counts in costs.kinds.items():
        total = sum(counts.values())
        largest_first = sorted(counts.items(), key=lambda each: -each[1])[:SHOWN]
        largest = ", ".join(f"{name} {number / images:.3f}" for name, number in largest_first)
        print(f"  {kind:16} {total / images:8.3f}   {largest}")


def main() -> None:
    """Run everything; exit 1 if the goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.pipeline", description="See the head of bench/pipeline.py.")
    parser.add_argument("--images", type=int, default=1000, help="of each run (default 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="(default 3)")
    parser.add_argument("--replicas", type=int, default=2, help="worker processes of each queue (default 2)")
    parser.add_argument(
        "--without-events", action="store_true", help="without events for Flower, as a large backfill runs"
    )
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    runs = plan_runs(chosen.images, chosen.rounds)
    pictures = [picture for run in runs.values() for picture in run]
    with (
        temporary_folder("bench-pipeline-") as folder,
        running(folder, pictures, chosen.replicas, with_events=not chosen.without_events) as environment,
    ):
        bench = Bench(environment, runs)
        bench.warm_up()
        for number in range(chosen.rounds):
            bench.round(number)
        blog = bench.blog()
    sys.exit(report(bench, blog, chosen.images))


def report(bench: Bench, blog: float, images: int) -> int:
    """Print the figures; return the exit code."""
    for variant, costs in bench.costs.items():
        print_costs(variant, costs, images)
    ours, bare = (statistics.median(bench.rates[variant]) for variant in ("sightline", "bare pool"))
    print(f"\nsightline {ours:.1f} images/s, a bare pool of {POOL_THREADS} threads {bare:.1f}: ratio {ours / bare:.2f}")
    print(f"the blog's handler {blog:.1f} images/s: sightline is {ours / blog:.1f} times as fast")
    is_met = ours >= GOAL * bare
    print(f"goal: at least {GOAL} of the bare pool: {'met' if is_met else 'missed'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    main()
