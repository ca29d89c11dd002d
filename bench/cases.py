"""Does everything that people reported come out right?

`python -m bench.cases [--no-stack]`. Each case does what somebody's camera, tool or account has done, and prints a
line: what was done, what is expected, and what was seen. Most run in this process over in-memory stores; those that
need servers start a local stack of their own. Exits 1 if a case is broken.
"""

import argparse
import signal
import sys
from collections.abc import Iterable, Iterator

from bench import cases_memory, cases_money, cases_tables, cases_times, cases_uploads
from bench.cases_outcome import Case, try_all
from bench.cases_stack import stack_cases
from dev.stack.watched import temporary_folder
from sightline.logs import configure_logs

GROUPS = (cases_times, cases_uploads, cases_money, cases_tables, cases_memory)


def main() -> None:
    """Try all cases, and exit with the verdict."""
    parser = argparse.ArgumentParser("python -m bench.cases", description=__doc__)
    parser.add_argument("--no-stack", action="store_true", help="only the cases that need no server")
    chosen = parser.parse_args()
    configure_logs("ERROR", as_json=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    broken = report(in_memory())
    if not chosen.no_stack:
        with temporary_folder("sightline-cases-") as folder, stack_cases(folder) as cases:
            broken += report(cases)
    print(f"{broken} broken" if broken else "all right")
    sys.exit(1 if broken else 0)


def in_memory() -> Iterator[Case]:
    """Return the cases that need no server."""
    for group in GROUPS:
        yield from group.cases()


def report(cases: Iterable[Case]) -> int:
    """Try cases, print a line for each, and return how many are broken."""
    broken = 0
    for outcome in try_all(cases):
        print(outcome, flush=True)
        broken += not outcome.seen.is_right
    return broken


if __name__ == "__main__":
    main()
