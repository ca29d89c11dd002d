"""Commands that tests run in their own processes."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from dev.stack.processes import cpu_of
from dev.stack.waiting import Moves, wait_until


def unmeasured(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment whose processes are not traced by coverage: that doubles their CPU.

    For whole stacks and demonstrations, all of whose code other tests run as well.
    """
    return {name: value for name, value in environment.items() if name != "COVERAGE_PROCESS_CONFIG"}


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    moves: Callable[[], Moves] = tuple,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; fail if it stands still. moves: how far it is, besides its output and its CPU."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            command, stdout=output, stderr=errors, env=environment, cwd=folder, start_new_session=True
        )

        def has_moved() -> Moves:
            return output.tell(), errors.tell(), cpu_of({child.pid}), moves()

        is_over = wait_until(lambda: child.poll() is not None, has_moved)
        said = [_read(file) for file in (output, errors)]
        if not is_over:
            child.kill()
            child.wait()
            pytest.fail(f"{' '.join(command)} stands still. It said: {said}")
        return subprocess.CompletedProcess(command, child.returncode, *said)


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
