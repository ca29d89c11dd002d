"""One line for each stage of an installation: what was installed, how long it took, and how much disk it uses."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Stages:
    """The stages of one installation, run from any thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._begun = time.monotonic()
        self._megabytes: list[float] = []

    @contextmanager
    def stage(self, what: str, folder: Path | None = None) -> Iterator[list[str]]:
        """Print what the block installed, unless it raises. folder: what grows by it.

        Yields a list for remarks, which follow on lines of their own.
        """
        before = _bytes_in(folder)
        begun = time.monotonic()
        remarks: list[str] = []
        yield remarks
        grown = max(0, _bytes_in(folder) - before) / 1e6  # an interrupted installation that starts over may shrink
        self._megabytes.append(grown)
        self._say(_line(what, time.monotonic() - begun, grown if folder else None))
        for remark in remarks:
            self._say(f"  {remark}")

    def close(self) -> None:
        """Print the total, unless nothing had to be installed."""
        if self._megabytes:
            self._say(_line("installed in all", time.monotonic() - self._begun, sum(self._megabytes)))


def _line(what: str, seconds: float, megabytes: float | None) -> str:
    size = "" if megabytes is None else f"{megabytes:7.0f} MB"
    return f"{what:<58} {seconds:6.1f} s {size}".rstrip()


def _bytes_in(folder: Path | None) -> int:
    if folder is None:
        return 0
    return sum(size(Path(root, name)) for root, _, names in os.walk(folder) for name in names)


def size(path: Path) -> int:
    """Return the size of a file, or 0 if it has just been removed."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
