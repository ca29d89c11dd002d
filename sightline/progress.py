"""Bars for what may take longer than two seconds: on the error output, where a person looks on, gone at the end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Thing = TypeVar("Thing")


class Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Write the rate, once it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def counted(things: Iterable[Thing], words: str, total: int | None = None) -> Iterator[Thing]:
    """Return each thing, and show how many have gone by; of how many and how long still, where `total` is known."""
    with _bar() as progress:
        yield from progress.track(things, total=total, description=words)


@contextmanager
def watched(words: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Return what to call with each number of things that have gone by."""
    with _bar() as progress:
        bar = progress.add_task(words, total=total)
        yield lambda number: progress.advance(bar, number)


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, *times, console=console, transient=True, disable=not console.is_terminal)
