"""Bars for what may take longer than two seconds: on the error output, where a person looks on, gone at the end."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Thing = TypeVar("Thing")


def counted(things: Iterable[Thing], words: str, total: int | None = None) -> Iterator[Thing]:
    """Give each thing, and show how many have gone by; of how many and how long still, where `total` is known."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, *times, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(things, total=total, description=words)
