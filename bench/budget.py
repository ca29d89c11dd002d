"""Does a cap hold while processes are killed and Redis is emptied or away, and over midnight and the month's end?

`python -m bench.budget [--only PART] [--seed N]`, on its own Redis, DynamoDB Local and local Rekognition. 16 processes
pay with 208 threads by the product's own path (claim, slot with its money, call, settle). What was paid is read from
the endpoint's own log. Exit status: 0 if no cap was exceeded, the money was used up, and live images were answered
while backfill waited; 1 if not.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence

from bench.budget_run import REKOGNITION, SERVERS, Outcome, Size, World
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.logs import configure_logs
from sightline.models.budgets import MICRO, Cap, as_usd

WITH_FAULTS = Size("10 USD/day", 120.0, 16, 13, 3, kills=5, emptied=3, away_seconds=20.0)
"""Sixteen times thirteen threads are 208."""

OVER_MIDNIGHTS = Size("1.5 USD/day, 2.5 USD/month", 120.0, 16, 13, 3, passes_midnights=True)
"""Two midnights, of which the second is the month's end; clocks up to three seconds apart."""

MISSING_MICRO_USD = MICRO // 20
"""What may be left of the caps that bind: log, unknown and blocks that died come to at least the rest."""


def judge(outcome: Outcome, caps: Sequence[Cap], binding: int) -> list[str]:
    """Print what came of a run; return the promises that were broken. binding: what the caps come to in all."""
    wrong = []
    for name, (used, cap) in outcome.used(caps).items():
        print(f"  taken of {name:<36} {as_usd(used):>10}")
        wrong += [f"{name} is exceeded"] if used > cap else []
    accounted = outcome.logged + outcome.unknown + outcome.died
    lines = {
        "answered, by the endpoint's log": outcome.logged,
        "unknown: claimed, never settled": outcome.unknown,
        "died in blocks, at the most": outcome.died,
        "taken": outcome.taken,
    }
    for name, amount in lines.items():
        print(f"  {name:<45} {as_usd(amount):>10}")
    for lane, number in sorted(outcome.answers.items()):
        print(f"  {f'answers, {lane}':<45} {number:>10,}")
    print(f"  {'live answers after backfill had to wait':<45} {outcome.live_while_backfill_waited:>10,}")
    print(f"  {'seconds':<45} {outcome.seconds:>10.0f}", flush=True)
    wrong += ["more was answered than taken"] if outcome.logged > outcome.taken else []
    wrong += ["more was answered than the caps allow"] if outcome.logged > binding else []
    wrong += ["money is left, or is missing"] if accounted < binding - MISSING_MICRO_USD else []
    wrong += ["what was taken is not accounted for"] if outcome.taken > accounted + MISSING_MICRO_USD else []
    wrong += [] if outcome.live_while_backfill_waited else ["no live image was answered while backfill waited"]
    return wrong


def main() -> None:
    """Run both parts; exit 1 if a promise is broken."""
    parser = argparse.ArgumentParser("python -m bench.budget", description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", choices=("faults", "midnights"))
    chosen = parser.parse_args()
    configure_logs("ERROR", as_json=False)
    print(f"seed {chosen.seed}", flush=True)
    parts = {"faults": (WITH_FAULTS, 10 * MICRO), "midnights": (OVER_MIDNIGHTS, 4 * MICRO)}
    options, wrong = Options(dynamodb_in_memory=True, rekognition=REKOGNITION), []
    with temporary_folder("bench-budget-") as folder, Stack(folder / "stack", SERVERS, options) as stack:
        for name, (size, binding) in parts.items():
            if chosen.only in {None, name}:
                print(f"\n{name}: {size.caps}; {size.processes} processes, {size.processes * size.threads} threads")
                world = World(stack, folder, size)
                outcome = world.run(random.Random(chosen.seed))
                wrong += judge(outcome, world.caps(), binding)
    print("\nbroken: " + "; ".join(wrong) if wrong else "\nevery promise kept")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
