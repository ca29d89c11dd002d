"""Run an installer quietly: its output is shown only if it fails."""

import errno
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.install.errors import InstallFailed

LINES_SHOWN = 15
DISK_FULL = "The disk is full: free some space and run it again"


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return its output. Raise InstallFailed, with its end, if the command fails or is missing.

    The command inherits the files that this process marks as inheritable: the lock of the installation.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, env=environment, close_fds=False, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise InstallFailed(words[0], rule="this program must be on the machine", remedy="Install it") from error
    if done.returncode:
        said = _plain(done.stdout + done.stderr)
        rule = "\n".join([InstallFailed.rule, *said[-LINES_SHOWN:]])
        raise InstallFailed(" ".join(words), rule=rule, remedy=DISK_FULL if any(map(_is_full, said)) else None)
    return done.stdout


def _is_full(line: str) -> bool:
    return os.strerror(errno.ENOSPC) in line


def _plain(output: str) -> list[str]:
    """Return the lines without colours, and without Maven's advice on how to use Maven."""
    lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output).splitlines()
    return [line.replace(" -> [Help 1]", "") for line in lines if not re.match(_MAVENS_ADVICE, line)]


_MAVENS_ADVICE = r"\[ERROR\] (\[Help \d+\]|To see the full stack trace|Re-run Maven|For more information)|\[ERROR\] *$"
