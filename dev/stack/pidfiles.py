"""The list of a stack's running processes: to show them, and to end those that even a killed watcher left running."""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from dev.stack.layout import write_privately
from dev.stack.processes import PATIENCE_SECONDS, cpu_of, started_at
from dev.stack.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Entry:
    """One process: its id, and when it started, in seconds since the epoch."""

    name: str
    pid: int
    started_at: float

    def is_running(self) -> bool:
        """Return whether this process still runs, and not another that was given its id."""
        return started_at(self.pid) == self.started_at


class PidFiles:
    """`processes.json` in a stack's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "processes.json"

    def write(self, pids: Mapping[str, int]) -> None:
        """Write the list of what runs now: name → process id."""
        born = {name: (pid, started_at(pid)) for name, pid in pids.items()}
        entries = [Entry(name, pid, start) for name, (pid, start) in born.items() if start is not None]
        write_privately(self._file, json.dumps([asdict(entry) for entry in entries], indent=1))

    def running(self) -> list[Entry]:
        """Return the listed processes that still run."""
        if not self._file.exists():
            return []
        entries = [Entry(**fields) for fields in json.loads(self._file.read_text())]
        return [entry for entry in entries if entry.is_running()]

    def end_leftovers(self) -> list[str]:
        """End what an earlier stack in this folder left running: TERM, then KILL. Return the names."""
        left = self.running()
        families = [Entry(entry.name, pid, start) for entry in left for pid, start in _family(entry.pid)]
        for entry in left:
            _signal(entry, signal.SIGTERM)
            _signal(entry, signal.SIGCONT)
        _wait_for_end_of(left)
        for replica in families:
            _signal(replica, signal.SIGKILL)
        _wait_for_end_of(families)
        return [entry.name for entry in left]


def _family(pid: int) -> list[tuple[int, float]]:
    """Return a process and its descendants, each with its start. Ask while it lives: orphans have no parent."""
    try:
        leader = psutil.Process(pid)
        return [(each.pid, each.create_time()) for each in (leader, *leader.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _wait_for_end_of(entries: Sequence[Entry]) -> None:
    def running() -> set[int]:
        return {entry.pid for entry in entries if entry.is_running()}

    wait_until(lambda: not running(), lambda: (len(pids := running()), cpu_of(pids)), standstill=PATIENCE_SECONDS)


def _signal(entry: Entry, number: signal.Signals) -> None:
    if entry.is_running():
        with suppress(ProcessLookupError):
            os.kill(entry.pid, number)
