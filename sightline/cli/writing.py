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
    """What was to be written did not go there."""

    rule = "its folder must exist, have room, and let us write"
    remedy = "Name another file, or mend the folder"


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise Unwritable where writing the file fails."""
    try:
        yield
    except OSError as error:
        raise Unwritable(str(file), rule=f"{Unwritable.rule} ({error.strerror or error})") from error


class PatientFile(FileIO):
    """A file that takes what is written when nobody reads any more: the work goes on, and ends with its own exit code.

    Python would raise BrokenPipeError in the middle of a command, and the default of SIGPIPE would end the process also
    where a server closes a connection.
    """

    def write(self, data: Any) -> int:
        """Write, and from the moment that the reader has left, into nothing; raise Unwritable for any other reason."""
        try:
            return super().write(data)
        except OSError as error:
            self._write_into_nothing()
            if isinstance(error, BrokenPipeError):
                return len(data)
            rule = f"it must take all that is written ({error.strerror or error})"
            raise Unwritable("the output", rule=rule, remedy="Make room, or send it elsewhere") from error

    def _write_into_nothing(self) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)


def let_readers_leave() -> None:
    """Do so for the standard output of this process; raise Unwritable where it is closed."""
    old: TextIO | None = sys.stdout
    if old is None:
        raise Unwritable("the output", rule="it must be open", remedy="Send it to a file, or to /dev/null")
    old.flush()
    new = BufferedWriter(PatientFile(old.fileno(), "w", closefd=False))
    sys.stdout = TextIOWrapper(new, encoding=old.encoding, errors=old.errors, line_buffering=old.isatty())
