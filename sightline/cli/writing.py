"""Writing to files and to the standard output: the error for what cannot be written, and broken pipe handling."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from sightline.errors import SightlineError


class Unwritable(SightlineError):
    """The output could not be written."""

    rule = "its folder must exist, have room and be writable"
    remedy = "Name another file, or fix the folder"


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise Unwritable if writing the file fails."""
    try:
        yield
    except OSError as error:
        raise Unwritable(str(file), rule=f"{Unwritable.rule} ({error.strerror or error})") from error


class BrokenPipeFile(FileIO):
    """A file that discards what is written after its reader has left, so that the command completes normally.

    Python itself would raise BrokenPipeError in the middle of a command. Restoring SIGPIPE's default is no remedy: it
    would also end the process if a server closed a connection.
    """

    def write(self, data: Any) -> int:
        """Write; discard the data if the reader has left. Raise Unwritable for any other failure."""
        try:
            return super().write(data)
        except OSError as error:
            self._discard_from_now_on()
            if isinstance(error, BrokenPipeError):
                return len(data)
            rule = f"all output must be written ({error.strerror or error})"
            raise Unwritable("the output", rule=rule, remedy="Free some space, or redirect it elsewhere") from error

    def _discard_from_now_on(self) -> None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)


def survive_broken_pipes() -> None:
    """Let this process outlive the reader of its standard output; raise Unwritable if that output is closed."""
    old: TextIO | None = sys.stdout
    if old is None:
        raise Unwritable("the output", rule="it must be open", remedy="Redirect it to a file, or to /dev/null")
    old.flush()
    new = BufferedWriter(BrokenPipeFile(old.fileno(), "w", closefd=False))
    sys.stdout = TextIOWrapper(new, encoding=old.encoding, errors=old.errors, line_buffering=old.isatty())
