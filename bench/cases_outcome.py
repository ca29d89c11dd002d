"""One reported case: what is done, what must come of it, and what came of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a case, in words, and whether it is right."""

    words: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Case:
    """Something that people's cameras, tools or servers have done. look: does it, and says what came of it."""

    name: str
    done: str
    expected: str
    look: Callable[[], Seen]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case that was tried."""

    case: Case
    seen: Seen

    def __str__(self) -> str:
        verdict = "ok" if self.seen.is_right else "BROKEN"
        return f"{verdict:7} {self.case.name}: {self.case.done}; expected {self.case.expected}; seen {self.seen.words}"


def try_all(cases: Iterable[Case]) -> Iterator[Outcome]:
    """Try one case after the other. One that fails itself is broken, and the others are still tried."""
    for case in cases:
        try:
            seen = case.look()
        except Exception as error:  # noqa: BLE001 - its line names it
            seen = Seen(repr(error), is_right=False)
        yield Outcome(case, seen)
