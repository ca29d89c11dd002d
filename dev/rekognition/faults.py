"""The script of faults: what happens to the next calls of an operation instead of, or with, their answer."""

from collections import defaultdict, deque
from dataclasses import dataclass

from dev.rekognition.refusals import KNOWN
from sightline.models.answers import Json

CUT, HANG, SLOW = "cut", "hang", "slow"
"""The connection ends in mid-answer; no answer comes; the answer comes late."""

RUN, NOTIFY = "run", "notify"
"""What happens to a video's job besides calls: it runs, and its end is told by a message."""

FAIL, LOSE, DOUBLE, LATE = "fail", "lose", "double", "late"
"""A job fails; its message is lost, comes twice, or comes late (by `seconds`)."""

_ANSWERS = {RUN: {FAIL}, NOTIFY: {LOSE, DOUBLE, LATE}}
"""For what is no operation."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call: `answer` is CUT, HANG, SLOW (by `seconds`) or an error code of `refusals`."""

    answer: str
    seconds: float = 0.0

    @property
    def code(self) -> str | None:
        """Return the error code if the call is refused."""
        return None if self.answer in {CUT, HANG, SLOW} else self.answer


class FaultScript:
    """Faults that wait for their calls, first in, first out for each operation."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, operation: str, fault: Fault, times: int) -> None:
        """Let `fault` happen to the next `times` calls of `operation`, after those already scripted."""
        self._waiting[operation].extend([fault] * times)

    def clear(self) -> None:
        """Forget the script."""
        self._waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """Return the fault of this call, if any."""
        waiting = self._waiting[operation]
        return waiting.popleft() if waiting else None

    @property
    def left(self) -> dict[str, int]:
        """Return the number of waiting faults by operation."""
        return {operation: len(waiting) for operation, waiting in sorted(self._waiting.items()) if waiting}


def read_fault(entry: Json) -> tuple[str, Fault, int]:
    """Read {"operation", "next", "answer", "seconds"}; raise ValueError, which says what is wrong with it."""
    operation, times, answer = entry.get("operation"), entry.get("next", 1), entry.get("answer")
    seconds = entry.get("seconds", 0)
    if not isinstance(operation, str):
        raise ValueError(f"fault {entry!r}: `operation` must name one, such as DetectLabels")  # noqa: TRY004 - one error for bad input
    if not isinstance(times, int) or times < 1:
        raise ValueError(f"fault {entry!r}: `next` must be a count of calls, 1 or more")
    answers = _ANSWERS.get(operation, {CUT, HANG, SLOW, *KNOWN})
    if answer not in answers:
        raise ValueError(f"fault {entry!r}: `answer` must be one of {', '.join(sorted(answers))}")
    if not isinstance(seconds, int | float) or seconds < 0 or (answer in {SLOW, LATE} and not seconds):
        raise ValueError(f"fault {entry!r}: `seconds` must be a number, above 0 for slow and late")
    return operation, Fault(answer, float(seconds)), times
