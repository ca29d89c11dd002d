"""One run of the limiter's benchmark: four calling processes, and the calls that the endpoint recorded."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.limiter_environment import Environment
from bench.limiter_figures import Arrival, read_calls
from bench.limiter_variants import OPERATION

PROCESSES = 4
_START_SECONDS = 15
_LONGEST_OVERTIME_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One variant against one quota, in calls a second. believed: what the callers assume; enforced: what holds."""

    variant: str
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


def carry_out(environment: Environment, run: Run, meanwhile: Callable[[], None] | None = None) -> Outcome:
    """Let the callers call, and do `meanwhile` from the moment they begin; raise RuntimeError if one fails."""
    begin = time.time() + _START_SECONDS
    environment.enforce(OPERATION, run.enforced)
    callers = [subprocess.Popen(_command(environment, run, begin)) for _ in range(PROCESSES)]
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
    return Outcome(begin, read_calls(environment.calls_log, begin, begin + run.seconds))


def _command(environment: Environment, run: Run, begin: float) -> list[str]:
    where = ["--endpoint", environment.endpoint, "--redis", environment.redis_url]
    how_much = ["--quota", str(run.believed), "--begin", str(begin), "--seconds", str(run.seconds)]
    return [sys.executable, "-m", "bench.limiter_callers", run.variant, *where, *how_much]
