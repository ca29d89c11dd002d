"""Output whose reader may leave before the end, as `head` does."""

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any


class PatientFile(FileIO):
    """A file that takes what is written when nobody reads any more: the work goes on, and ends with its own exit code.

    Python would raise BrokenPipeError in the middle of a command, and the default of SIGPIPE would end the process also
    where a server closes a connection.
    """

    def write(self, data: Any) -> int:
        """Write, and from the moment that the reader has left, into nothing."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return len(data)


def let_readers_leave() -> None:
    """Do so for the standard output of this process."""
    old = sys.stdout
    old.flush()
    new = BufferedWriter(PatientFile(old.fileno(), "w", closefd=False))
    sys.stdout = TextIOWrapper(new, encoding=old.encoding, errors=old.errors, line_buffering=old.isatty())
