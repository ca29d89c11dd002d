"""How much of a quota is used, and how often is it overrun? Four variants against an endpoint that throttles.

`python -m bench.limiter [--seconds N]`. 4 processes × 16 threads call the local Rekognition as fast as they may, while
it enforces 50 calls a second, then 5. Then 50 are assumed and 40 enforced; then Redis is killed for 10 s in mid-run.
Every figure is read from the endpoint's own log of calls. The benchmark starts and stops its own Redis and Rekognition.
The fixed window is that of the library `limits`, reimplemented here. It exits 1 if a goal is missed.
"""

import argparse
import signal
import sys
import time
from functools import partial

from bench.limiter_callers import THREADS, picture
from bench.limiter_environment import Environment, servers
from bench.limiter_figures import Figures, figures
from bench.limiter_run import PROCESSES, Run, carry_out
from bench.limiter_variants import VARIANTS, is_throttled, rekognition
from dev.stack.watched import temporary_folder

QUOTAS = (50.0, 5.0)
BELIEVED, TRUE = 50.0, 40.0
OUTAGE_SECONDS = 10
RETURN_SECONDS = 4
OURS = "sightline"

GOAL_SHARE = 0.94
GOAL_THROTTLED_SHARE = 0.02
GOAL_WORST_SECOND = 1.04
"""Of the quota. A call is sent at its slot and arrives as soon as the machine allows: a late one may arrive in the same
second as the next."""


class Bench:
    """The parts of the benchmark, and the goals that were missed."""

    def __init__(self, environment: Environment, seconds: float) -> None:
        self._environment = environment
        self._seconds = seconds
        self.missed: list[str] = []

    def side_by_side(self, quota: float) -> None:
        """Run each variant against the same quota, and print a table with ratios to ours."""
        _print_head(f"{quota:g}/s enforced and believed, {self._seconds:g} s each")
        found: dict[str, Figures] = {}
        for variant in VARIANTS:
            outcome = carry_out(self._environment, Run(variant, quota, quota, self._seconds))
            found[variant] = figures(outcome.calls, self._seconds)
            _print(variant, found[variant], quota, found[OURS])
        ours = found[OURS]
        self._require(f"{quota:g}/s: {GOAL_SHARE:.0%} used", is_met=ours.answered_each_second / quota >= GOAL_SHARE)
        self._require(f"{quota:g}/s: none throttled", is_met=ours.throttled == 0)

    def believing_too_much(self) -> None:
        """Configure a higher quota than the endpoint enforces."""
        _print_head(f"{TRUE:g}/s enforced while {BELIEVED:g} are believed, {self._seconds:g} s")
        outcome = carry_out(self._environment, Run(OURS, BELIEVED, TRUE, self._seconds))
        found = figures(outcome.calls, self._seconds)
        _print(OURS, found, TRUE)
        goal = f"{BELIEVED:g} believed: at most {GOAL_THROTTLED_SHARE:.0%} throttled"
        self._require(goal, is_met=found.throttled_share <= GOAL_THROTTLED_SHARE)

    def without_redis(self) -> None:
        """Kill Redis in the middle of a run; print the figures before, meanwhile, on its return, and after."""
        killed_at = self._seconds / 2
        back_at = killed_at + OUTAGE_SECONDS
        end = self._seconds + OUTAGE_SECONDS + RETURN_SECONDS
        _print_head(f"{BELIEVED:g}/s enforced, Redis killed for {OUTAGE_SECONDS} s")
        outcome = carry_out(self._environment, Run(OURS, BELIEVED, BELIEVED, end), partial(self._interrupt, killed_at))
        marks = (0.0, killed_at, back_at, back_at + RETURN_SECONDS, end)
        for name, since, until in zip(
            ("before", "without Redis", "on its return", "after"), marks, marks[1:], strict=False
        ):
            after = figures(outcome.between(since, until), until - since)
            _print(name, after, BELIEVED)
        whole = figures(outcome.calls, end)
        _print("whole run", whole, BELIEVED)
        self._require("Redis killed: rate below the quota", is_met=whole.worst_second <= GOAL_WORST_SECOND * BELIEVED)
        self._require("Redis killed: none throttled", is_met=whole.throttled == 0)
        self._require("Redis killed: back to normal", is_met=after.answered_each_second / BELIEVED >= GOAL_SHARE)

    def _interrupt(self, after_seconds: float) -> None:
        time.sleep(after_seconds)
        self._environment.redis.process.kill()
        time.sleep(OUTAGE_SECONDS)
        self._environment.redis.start()

    def _require(self, goal: str, *, is_met: bool) -> None:
        if not is_met:
            self.missed.append(goal)


def _print_head(title: str) -> None:
    print(f"\n{title}; {PROCESSES} processes × {THREADS} threads")
    print(f"{'':20}{'of the quota':>14}{'to ours':>9}{'worst second':>14}{'throttled':>11}{'share':>8}", flush=True)


def _print(name: str, found: Figures, quota: float, ours: Figures | None = None) -> None:
    share = found.answered_each_second / quota
    ratio = f"{found.answered_each_second / ours.answered_each_second:9.2f}" if ours else " " * 9
    counts = f"{found.worst_second:14}{found.throttled:11}{found.throttled_share:8.1%}"
    print(f"{name:20}{share:14.1%}{ratio}{counts}", flush=True)


def main() -> None:
    """Run all parts; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser("python -m bench.limiter", description="See the head of bench/limiter.py.")
    parser.add_argument("--seconds", type=float, default=120, help="of each run (default 120)")
    seconds = parser.parse_args().seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped in this case too
    with temporary_folder("bench-limiter-") as folder, servers(folder) as environment:
        is_throttled(rekognition(environment.endpoint, "standard", 1), picture())  # it analyses once and then remembers
        bench = Bench(environment, seconds)
        for quota in QUOTAS:
            bench.side_by_side(quota)
        bench.believing_too_much()
        bench.without_redis()
    print("\nmissed: " + "; ".join(bench.missed) if bench.missed else "\nevery goal met")
    sys.exit(1 if bench.missed else 0)


if __name__ == "__main__":
    main()
