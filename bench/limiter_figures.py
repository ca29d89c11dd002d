"""The figures of a run, from the endpoint's own log of calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call as the endpoint saw it. at: seconds since the epoch."""

    at: float
    is_throttled: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a span. worst_second: the most calls in any one second, wherever it begins."""

    answered_each_second: float
    worst_second: int
    calls: int
    throttled: int

    @property
    def throttled_share(self) -> float:
        """Return the share of calls that were throttled."""
        return self.throttled / self.calls if self.calls else 0.0


def read_calls(log: Path, begin: float, end: float) -> list[Arrival]:
    """Read the calls that arrived in [begin, end), in order. Times are seconds since the epoch."""
    with log.open(encoding="utf-8") as lines:
        calls = [json.loads(line) for line in lines]
    arrivals = [Arrival(datetime.fromisoformat(c["at"]).timestamp(), c["outcome"] == "throttled") for c in calls]
    return sorted((a for a in arrivals if begin <= a.at < end), key=lambda each: each.at)


def figures(arrivals: Sequence[Arrival], seconds: float) -> Figures:
    """Count the calls of a span of `seconds`."""
    throttled = sum(each.is_throttled for each in arrivals)
    answered = (len(arrivals) - throttled) / seconds
    return Figures(answered, _worst_second(arrivals), len(arrivals), throttled)


def _worst_second(arrivals: Sequence[Arrival]) -> int:
    worst, first = 0, 0
    for last, each in enumerate(arrivals):
        while arrivals[first].at <= each.at - 1:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
