"""The process that `make up` leaves running: it starts the stack, restarts what dies, and stops everything on TERM.

It reads from `wanted.json` what to run, and writes to `reached.json` how far it is, both in the stack's folder. Files
need no open connection: `make up` may be interrupted, and a killed supervisor leaves no stale socket behind. If it is
killed, the stack ends too: its watcher (`dev/stack/watched.py`) ends what it has started.
"""

import fcntl
import json
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NoReturn

from dev.stack.compose import our_services
from dev.stack.layout import write_privately
from dev.stack.processes import Process
from dev.stack.quotas import for_this_machine
from dev.stack.servers import SERVERS, Options
from dev.stack.stack import Stack
from sightline.errors import SightlineError

LOOK_SECONDS = 0.5
STEADY_SECONDS = 30.0
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""After the first deaths in a row; after each later one the last."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `make up` asks for. scale: replicas by service; the others have one. number: of the attempt.

    detector: of the local Rekognition; "" for the usual one of this machine.
    """

    number: int = 0
    scale: Mapping[str, int] = field(default_factory=dict)
    detector: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the supervisor is. number: of the last attempt; error: why it failed, or ""."""

    pid: int
    number: int
    error: str = ""


def read_wanted(folder: Path) -> Wanted:
    """Read what is wanted; by default one of each."""
    file = folder / "wanted.json"
    return Wanted(**json.loads(file.read_text())) if file.exists() else Wanted()


def write_wanted(folder: Path, wanted: Wanted) -> None:
    """Ask the supervisor for something else."""
    write_privately(folder / "wanted.json", json.dumps(asdict(wanted)))


def read_reached(folder: Path) -> Reached | None:
    """Read how far the supervisor is; None if none has run."""
    file = folder / "reached.json"
    return Reached(**json.loads(file.read_text())) if file.exists() else None


class Supervisor:
    """Keeps one stack as it is wanted."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._folder = stack.layout.folder
        self._number = -1
        self._deaths: dict[str, tuple[int, float]] = {}

    def run(self) -> NoReturn:
        """Start the stack and look after it until TERM or INT."""
        self._stack.start()
        for running in self._stack.processes:
            say(f"{running.name} is ready, pid {running.pid}")
        write_env(self._folder / "env", self._stack.env)
        self._stack.set_up()
        while True:
            self._apply_wanted()
            self._restart_dead_processes()
            time.sleep(LOOK_SECONDS)

    def _apply_wanted(self) -> None:
        wanted = read_wanted(self._folder)
        if wanted.number == self._number:
            return
        error = ""
        try:
            self._stack.start_workers(self._counts(wanted))
        except SightlineError as failure:
            error = str(failure)
            say_failure(wanted.number, error)
        self._number = wanted.number
        say(f"running {' '.join(f'{name}={len(pids)}' for name, pids in self._stack.workers.items())}")
        write_reached(self._folder, Reached(os.getpid(), wanted.number, error))

    def _counts(self, wanted: Wanted) -> dict[str, int]:
        ours = our_services(self._stack.env)
        usual = {name: 1 for name, service in ours.items() if not (service.is_once or service.is_optional)}
        return usual | dict(wanted.scale)

    def _restart_dead_processes(self) -> None:
        for process in self._stack.processes:
            if not process.is_running():
                self._revive(process)

    def _revive(self, process: Process) -> None:
        """Restart it, with a longer pause each time if it keeps dying: 0, 1, 2, 4 … 30 s."""
        now = time.monotonic()
        deaths, not_before = self._deaths.get(process.name, (0, 0.0))
        if now < not_before:
            return
        deaths = 0 if now - not_before > STEADY_SECONDS else deaths
        say(f"{process.name} died ({process.exit_status}), it is started again; its log ends: {process.log_end(1)}")
        self._stack.revive(process.name)
        self._deaths[process.name] = (deaths + 1, now + PAUSES_SECONDS[min(deaths, len(PAUSES_SECONDS) - 1)])


def supervise(folder: Path) -> int:
    """Run a supervisor for this folder unless one runs; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        if not take(lock):
            say("another supervisor is running")
            return 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        outer = {name: value for name, value in os.environ.items() if name.startswith("SIGHTLINE_")}
        first = read_wanted(folder)
        stack = Stack(folder, tuple(SERVERS), options(outer, first.detector))
        attempt = first.number
        try:
            Supervisor(stack).run()
        except SightlineError as error:
            write_reached(folder, Reached(os.getpid(), attempt, str(error)))
            say_failure(attempt, str(error))
            return 1
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            say("stopping")
            stack.stop()
            say("stopped")


def options(outer: Mapping[str, str], detector: str = "") -> Options:
    """Return the options of a stack that people look at: Flower runs, and shows its tasks unless `outer` says no."""
    return replace(for_this_machine({"SIGHTLINE_TASK_EVENTS": "true", **outer}, detector), has_flower=True)


def take(lock: IO[str]) -> bool:
    """Take the lock that a supervisor holds until it ends; return False if another process has it."""
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def write_reached(folder: Path, reached: Reached) -> None:
    """Write how far the supervisor is."""
    write_privately(folder / "reached.json", json.dumps(asdict(reached)))


def write_env(path: Path, env: Mapping[str, str]) -> None:
    """Write the settings for `. .cache/stack/env`, and put `sightline` on the path.

    It holds passwords, so only its owner may read it.
    """
    settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(env.items()))
    write_privately(path, f'{settings}export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"\n')


def say_failure(number: int, error: str) -> None:
    """Write an error to the log, so that each of its lines names the attempt that it belongs to."""
    for line in error.splitlines():
        say(f"attempt {number} failed: {line}")


def is_about_another_attempt(line: str, number: int) -> bool:
    """Return whether a line of the log belongs to the failure of an attempt other than this one."""
    failure = re.match(r"\S+ attempt (\d+) failed: ", line)
    return failure is not None and int(failure[1]) != number


def say(text: str) -> None:
    """Write a line with its time to the supervisor's log."""
    print(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}", flush=True)
