"""One run of the limiter's benchmark: four calling processes, and the calls that the endpoint recorded."""

import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bench.limiter_environment import Environment
from bench.limiter_figures import Arrival, read_calls
from bench.limiter_variants import OPERATION
from dev.stack.waiting import LONGEST_SECONDS, Moves, wait_until
from dev.stack.watcher import seen

PROCESSES = 4
LEAD_SECONDS = 1.0
"""Every caller has read the time of the beginning by then."""

Caller: TypeAlias = "subprocess.Popen[str]"


@dataclass(frozen=True, slots=True)
class Run:
    """One variant against one quota, in calls a second. believed: what the callers assume; enforced: what holds."""

    variant: str
    believed: float
    enforced: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The calls of a run, in order, and when it began, in seconds since the epoch."""

    begin: float
    calls: list[Arrival]

    def between(self, since: float, until: float) -> list[Arrival]:
        """Return the calls between two times, in seconds from the beginning."""
        return [each for each in self.calls if self.begin + since <= each.at < self.begin + until]


def carry_out(environment: Environment, run: Run, meanwhile: Callable[[], None] | None = None) -> Outcome:
    """Run the callers, and `meanwhile` from the moment they begin; raise RuntimeError if one fails."""
    environment.enforce(OPERATION, run.enforced)
    command, pipe = _command(environment, run), subprocess.PIPE
    callers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(PROCESSES)]
    try:
        begin = start(callers)
        if meanwhile is not None:
            meanwhile()
        longest = run.seconds + LONGEST_SECONDS
        has_ended = wait_until(lambda: not _running(callers), lambda: _moves(callers), longest=longest)
    finally:
        for caller in callers:
            caller.kill()
            caller.communicate()
    if not has_ended or any(caller.returncode for caller in callers):
        raise RuntimeError(f"{run}: a calling process failed or stood still, see above")
    return Outcome(begin, read_calls(environment.calls_log, begin, begin + run.seconds))


def start(callers: Sequence[Caller]) -> float:
    """Have all callers begin at the same time, once each of them is ready; return that time."""
    wait_until(lambda: all(map(_has_answered, callers)), lambda: _moves(callers))
    if not all(_has_answered(caller) and next(iter(caller.stdout or ()), "") for caller in callers):
        raise RuntimeError("a calling process did not become ready, see above")
    begin = time.time() + LEAD_SECONDS
    for caller in callers:
        print(begin, file=caller.stdin, flush=True)
    time.sleep(LEAD_SECONDS)
    return begin


def _has_answered(caller: Caller) -> bool:
    """Return whether it has written that it is ready, or has ended."""
    return caller.stdout is not None and bool(select.select([caller.stdout], [], [], 0)[0])


def _running(callers: Sequence[Caller]) -> list[Caller]:
    return [caller for caller in callers if caller.poll() is None]


def _moves(callers: Sequence[Caller]) -> Moves:
    return tuple(seen(caller.pid) for caller in callers)


def _command(environment: Environment, run: Run) -> list[str]:
    where = ["--endpoint", environment.endpoint, "--redis", environment.redis_url]
    how_much = ["--quota", str(run.believed), "--seconds", str(run.seconds)]
    return [sys.executable, "-m", "bench.limiter_callers", run.variant, *where, *how_much]
