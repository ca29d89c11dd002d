"""The owner's side of the watcher: what this process starts, directly or indirectly, ends when this process does."""

import atexit
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from dev.stack import watcher

MARKS = "STARTED_BY"
"""The environment variable with the marks of a process's owners: a test run owns its workers, which own servers."""

WAITS_TO_BE_REGISTERED = 'read -r word && exec "$@" </dev/null'
"""A program begins only once it is registered with the watcher; if its owner dies first, it never begins."""

END_SECONDS = 60.0


class Watch:
    """The watcher of this process. Use `watch()` to get it."""

    def __init__(self) -> None:
        mark = secrets.token_hex(16)
        reads, self._pipe = os.pipe()
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", watcher.__file__, mark],
            stdin=reads,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},  # without marks: a watcher must outlive its owner's owners too, to do its work
            start_new_session=True,
        )
        os.close(reads)
        os.environ[MARKS] = ":".join(filter(None, [os.environ.get(MARKS), mark]))

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, output: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        """Start a program in its own session; it ends with this process."""
        waits, go = os.pipe()
        try:
            child = subprocess.Popen(
                ["/bin/sh", "-c", WAITS_TO_BE_REGISTERED, command[0], *command],
                stdin=waits,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**environment, MARKS: os.environ[MARKS]},
                start_new_session=True,
            )
            os.close(waits)
            if found := watcher.seen(child.pid):
                self._tell(f"start {child.pid} {found.started}")
            with suppress(BrokenPipeError):  # it has been killed already
                os.write(go, b"go\n")
        finally:
            os.close(go)
        return child

    def ended(self, pid: int) -> None:
        """Tell the watcher that a session has ended: its id may be used again."""
        self._tell(f"end {pid}")

    def remove(self, folder: Path) -> None:
        """Have a folder removed if this process is killed."""
        self._tell(f"remove {folder}")

    def close(self) -> None:
        """Close the watcher: what is left is ended now, folders stay."""
        self._tell("keep")
        os.close(self._pipe)
        self._watcher.wait(END_SECONDS)

    def abandon(self) -> None:
        """Register a fork of the owner, and let go of the pipe in it: only the owner may hold that open."""
        if found := watcher.seen(os.getpid()):
            self._tell(f"start {found.pid} {found.started}")
        os.close(self._pipe)
        self._watcher.returncode = 0  # it is not this process's child

    def _tell(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())  # one short write is never mixed with another thread's


@cache
def watch() -> Watch:
    """Return the watch of this process; the first call starts it."""
    made = Watch()
    atexit.register(end_watch)
    return made


def end_watch() -> None:
    """End what this process has left running, and the watcher."""
    if watch.cache_info().currsize:
        watch().close()
        watch.cache_clear()


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that is removed when the block or this process ends."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        watch().remove(Path(name))
        yield Path(name)


def _let_go() -> None:
    if watch.cache_info().currsize:
        watch().abandon()
        watch.cache_clear()


os.register_at_fork(after_in_child=_let_go)
