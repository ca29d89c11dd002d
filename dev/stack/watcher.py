"""The watcher: a small process that ends what its owner started, however the owner ends.

`python -I -S watcher.py MARK` needs only the standard library, so it starts within moments. Its standard input is a
pipe whose other end only the owner holds: the pipe closes when the owner ends, even by kill -9. Then the watcher kills
what the owner registered, with the session that each process leads, and every process that carries the owner's mark in
its environment: this finds processes that nobody registered, and those that have made a session of their own.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

DEAD = "ZX"
PAUSE_SECONDS = 0.02
ROUNDS = 3_000
"""A minute of rounds: SIGKILL works at once unless the process waits for a disk."""

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Seen(NamedTuple):
    """A process as /proc shows it. started: in ticks since boot; pid and start together name one process."""

    pid: int
    session: int
    started: int
    cpu_seconds: float


class Charge(NamedTuple):
    """What an owner leaves to its watcher. started: process id → start; folders: to be removed."""

    started: dict[int, int]
    folders: list[Path]


def seen(pid: int) -> Seen | None:
    """Look at one process; None if it has ended. Its CPU includes that of its ended children."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, _, _, session, *rest = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    if state in DEAD:
        return None
    return Seen(pid, int(session), int(rest[15]), sum(map(int, rest[7:11])) / TICKS_A_SECOND)


def all_seen() -> list[Seen]:
    """Look at every process on the machine."""
    found = (seen(int(name)) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - it is read often
    return [each for each in found if each]


def carries(pid: int, mark: str) -> bool:
    """Return whether a process carries this mark in its environment; False if that may not be read."""
    try:
        return mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def read_charge(pipe: BinaryIO) -> Charge:
    """Read what the owner writes until it ends: `start PID STARTED`, `end PID`, `remove PATH`, `keep`."""
    charge = Charge({}, [])
    for line in pipe:
        word, _, rest = line.decode().rstrip("\n").partition(" ")
        if word == "start":
            pid, started = rest.split()
            charge.started[int(pid)] = int(started)
        elif word == "end":
            charge.started.pop(int(rest), None)
        elif word == "remove":
            charge.folders.append(Path(rest))
        else:
            charge.folders.clear()
    return charge


def left_of(started: dict[int, int], mark: str) -> list[Seen]:
    """Return the processes that still run: these, those of the sessions that they lead, and those with the mark."""
    everything = all_seen()
    starts = {each.pid: each.started for each in everything}
    # While a process of a session lives, no other gets the session's id: an id with another start is another session.
    # 0 is the session of processes whose leader is outside this container: nobody started that one.
    own = {pid for pid, at in started.items() if pid and starts.get(pid, at) == at}
    others = [each for each in everything if each.pid != os.getpid()]
    return [each for each in others if each.session in own or each.pid in own or carries(each.pid, mark)]


def end(started: dict[int, int], mark: str) -> None:
    """Kill until nothing is left: a process that forks meanwhile leaves its child to the next round."""
    for _ in range(ROUNDS):
        left = left_of(started, mark)
        if not left:
            return
        for each in left:
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)  # ends a frozen process too
        time.sleep(PAUSE_SECONDS)


def main(mark: str) -> None:
    """Wait until the owner ends, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charge = read_charge(sys.stdin.buffer)
    end(charge.started, mark)
    for folder in charge.folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
