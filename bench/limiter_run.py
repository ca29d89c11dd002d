"""One run of the limiter's benchmark: four calling processes against the ground, and the calls that came of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.limiter_figures import Arrival, read_calls
from bench.limiter_ground import Ground
from bench.limiter_ways import OPERATION

PROCESSES = 4
_START_SECONDS = 15
_LONGEST_OVERTIME_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One way against one quota. believed: what the callers think; enforced: what is so, calls a second."""

    way: str
    believed: float
    enforced: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The calls of a run, in order, and when it began: seconds since the epoch."""

    begin: float
    calls: list[Arrival]

    def between(self, since: float, until: float) -> list[Arrival]:
        """Return the calls of a span, in seconds from the beginning."""
        return [each for each in self.calls if self.begin + since <= each.at < self.begin + until]


def carry_out(ground: Ground, run: Run, meanwhile: Callable[[], None] | None = None) -> Outcome:
    """Let the callers call, and do `meanwhile` from the moment they begin; raise RuntimeError if one fails."""
    begin = time.time() + _START_SECONDS
    ground.enforce(OPERATION, run.enforced)
    callers = [subprocess.Popen(_command(ground, run, begin)) for _ in range(PROCESSES)]
    try:
        time.sleep(begin - time.time())
        if meanwhile is not None:
            meanwhile()
        statuses = [caller.wait(run.seconds + _LONGEST_OVERTIME_SECONDS) for caller in callers]
    finally:
        for caller in callers:
            caller.kill()
            caller.wait()
    if any(statuses):
        raise RuntimeError(f"{run}: a calling process failed, see above")
    return Outcome(begin, read_calls(ground.calls_log, begin, begin + run.seconds))


def _command(ground: Ground, run: Run, begin: float) -> list[str]:
    where = ["--endpoint", ground.endpoint, "--redis", ground.redis_url]
    how_much = ["--quota", str(run.believed), "--begin", str(begin), "--seconds", str(run.seconds)]
    return [sys.executable, "-m", "bench.limiter_callers", run.way, *where, *how_much]
