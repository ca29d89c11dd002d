"""Run an installer quietly: its output is shown only if it fails."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.install.errors import InstallFailed

LINES_SHOWN = 15


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
        said = (done.stdout + done.stderr).splitlines()[-LINES_SHOWN:]
        raise InstallFailed(" ".join(words), rule="\n".join([InstallFailed.rule, *said]))
    return done.stdout
