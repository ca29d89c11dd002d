"""How long an analysis would wait for a process, estimated from how long the last ones took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.rekognition.refusals import Refusal

LONGEST_SECONDS = 20.0
"""Its caller times out after 30 s: waiting is better than throttling for lack of a core, a late answer is worse."""

_FIRST_GUESS_SECONDS = 1.0
_NEWEST_SHARE = 0.2
"""The weight of the newest analysis in the mean: a machine that gets busy shows after about five."""


@dataclass(slots=True)
class Waiting:
    """The analyses in progress in `processes`.

    A mere count would throttle on an idle machine, where many are soon done, or let calls time out on a busy one.
    """

    processes: int
    looks: int = 0
    seconds_a_look: float = _FIRST_GUESS_SECONDS

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count an analysis while it is in progress; throttle at once if it would wait too long."""
        if self.looks * self.seconds_a_look > LONGEST_SECONDS * self.processes:
            raise Refusal("ProvisionedThroughputExceededException")
        self.looks += 1
        try:
            yield
        finally:
            self.looks -= 1

    def took(self, seconds: float) -> None:
        """Learn how long an analysis kept its process."""
        self.seconds_a_look += _NEWEST_SHARE * (seconds - self.seconds_a_look)
