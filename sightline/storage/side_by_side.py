"""Reading side by side: the first of each of many things now, before they are merged."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Protocol, TypeVar

Entry = TypeVar("Entry")
Given = TypeVar("Given")
Made = TypeVar("Made")


class DoEach(Protocol):
    """Does the same with each, and returns what comes of it in their order: `map`, or that of an executor."""

    def __call__(self, do: Callable[[Given], Made], given: Iterable[Given], /) -> Iterable[Made]:
        """Do it."""


def read_first(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Read the first entry; return an iterator over all of them."""
    waiting = iter(entries)
    first = list(islice(waiting, 1))
    return chain(first, waiting)
