"""A child process in its own group: started, frozen and ended by its id, never by its name."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from dev.stack.errors import NotReady
from dev.stack.folders import CHECKOUT
from dev.stack.waiting import Moves, wait_until
from dev.stack.watched import watch
from dev.stack.watcher import all_seen

PATIENCE_SECONDS = 45.0
"""How long a process may stand still after TERM. A task ends within 40 s as long as S3 and DynamoDB answer."""

CPU_STEP_SECONDS = 5.0
"""An idle Java server uses a second a minute; one that starts gets more than five, even at a load of 20."""


class Process:
    """One program and its log file. The same object can start it again after it has died."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self.environment = dict(environment)
        self._child: subprocess.Popen[bytes] | None = None
        self._has_group = False

    @property
    def pid(self) -> int:
        """The process's id; 0 before it was first started."""
        return self._child.pid if self._child else 0

    def is_running(self) -> bool:
        """Return whether it runs; a frozen process does. Once it has ended, so has its group."""
        if self._child is None:
            return False
        if self._child.poll() is None:
            return True
        if self._has_group:
            self._signal_group(signal.SIGKILL)
            self._has_group = False  # from now on its id may become another's
            watch().ended(self.pid)
        return False

    @property
    def exit_status(self) -> int | None:
        """Return its exit code, or minus the signal that ended it; None while it runs."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Start it unless it runs. Its output is appended to its log."""
        if self.is_running():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = watch().start(self.command, self.environment, CHECKOUT, log)
        self._has_group = True

    def ask_to_stop(self) -> None:
        """Send TERM, and thaw it: a frozen process handles no signal."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
            self.thaw()

    def stop(self, patience: float = PATIENCE_SECONDS) -> None:
        """Ask it to stop; kill its whole group if it stands still, and in any case what it leaves behind."""
        self.ask_to_stop()
        wait_until(lambda: not self.is_running(), self.moves, standstill=patience)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to its whole group, and wait until it is gone."""
        self._signal_group(signal.SIGKILL)
        if self._child:
            self._child.wait()
        self.is_running()

    def freeze(self) -> None:
        """Freeze its whole group: connections stay open and nobody answers."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen group continue."""
        self._signal_group(signal.SIGCONT)

    def moves(self) -> Moves:
        """Return how far it is, for those who wait: how much it has logged, and the CPU that its session has used."""
        size = self.log.stat().st_size if self.log.exists() else 0
        return size, cpu_of({self.pid})

    def log_end(self, lines: int = 20) -> str:
        """Return the end of its log, for error reports."""
        return end_of(self.log, lines)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._has_group:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def wait_for(process: Process, is_ready: Callable[[], bool], address: str = "") -> None:
    """Wait until a process is ready; print what it last logged if that takes long.

    Raises NotReady, with the end of its log, if it ends or stands still before.
    """

    def tell(seconds: float) -> None:
        last = process.log_end(1)
        said = f"ends: {last}" if last.strip() else "is empty"
        print(f"{process.name} is still starting after {seconds:.0f} s; its log {said}", flush=True)

    is_over = wait_until(lambda: not process.is_running() or is_ready(), process.moves, tell=tell)
    if not (is_over and process.is_running()):
        raise NotReady(f"{process.name} {address}".rstrip(), remedy=f"Its log ends:\n{process.log_end()}")


def stop_all(processes: Sequence[Process]) -> None:
    """Stop processes. All are asked first, so that they stop at the same time."""
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()


def inherited() -> dict[str, str]:
    """Return this process's environment without SIGHTLINE_ settings, with this interpreter's commands first in PATH."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
    commands = Path(sys.executable).parent
    return outer | {"PATH": f"{commands}{os.pathsep}{outer.get('PATH', os.defpath)}", "PYTHONUNBUFFERED": "1"}


def cpu_of(sessions: Collection[int]) -> int:
    """Return the CPU that these sessions have used, in steps of 5 s: a process that stands still uses some too."""
    return int(sum(each.cpu_seconds for each in all_seen() if each.session in sessions) // CPU_STEP_SECONDS)


def end_of(log: Path, lines: int) -> str:
    """Return the last lines of a file; "" if there is none."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def started_at(pid: int) -> float | None:
    """Return when the process with this id started, in seconds since the epoch; None if there is none.

    The kernel uses ids again: only id and start together name one process.
    """
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
