"""How long a look would wait for a process, by how long the last looks took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.rekognition.refusals import Refusal

LONGEST_SECONDS = 20.0
"""Its caller gives up after 30 s: to wait is better than to throttle for lack of a core, a late answer is worse."""

_FIRST_GUESS_SECONDS = 1.0
_NEWEST_SHARE = 0.2
"""What the newest look counts in the mean: a machine that gets busy shows after some five looks."""


@dataclass(slots=True)
class Waiting:
    """The looks in hand of `processes` that look.

    A count alone would throttle on an idle machine, where many are soon done, or let calls time out on a busy one.
    """

    processes: int
    looks: int = 0
    seconds_a_look: float = _FIRST_GUESS_SECONDS

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a place as long as the look is in hand; throttle at once who would wait too long."""
        if self.looks * self.seconds_a_look > LONGEST_SECONDS * self.processes:
            raise Refusal("ProvisionedThroughputExceededException")
        self.looks += 1
        try:
            yield
        finally:
            self.looks -= 1

    def took(self, seconds: float) -> None:
        """Learn how long a look kept its process."""
        self.seconds_a_look += _NEWEST_SHARE * (seconds - self.seconds_a_look)
