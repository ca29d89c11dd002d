"""`up`, `down` and `status`: tell the supervisor of a stack what to do, or start it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dev.stack.compose import our_services
from dev.stack.errors import BadScale, NotReady, OtherDetector, UnknownService
from dev.stack.folders import CHECKOUT
from dev.stack.layout import Layout
from dev.stack.pidfiles import PidFiles
from dev.stack.processes import cpu_of, end_of
from dev.stack.replicas import check_count
from dev.stack.supervisor import Wanted, is_about_another_attempt, read_reached, read_wanted, take, write_wanted
from dev.stack.waiting import Moves, wait_until


def up(folder: Path, scale: Mapping[str, int], detector: str = "") -> None:
    """Have the stack run with these replicas; services that are not named keep theirs. Raises NotReady.

    detector: of the local Rekognition. Raises OtherDetector if the stack is up with another.
    """
    log = folder / "logs" / "supervisor.log"
    begin = log.stat().st_size if log.exists() else 0
    before = read_wanted(folder)
    number = before.number + 1
    refuse_other(folder, detector)
    write_wanted(folder, Wanted(number, dict(before.scale) | dict(scale), detector or before.detector))
    if is_up(folder):
        begin = _print_log(folder, log, begin, number)
    if not _is_reached(folder, number) and not is_up(folder):  # also if one was just failing in an earlier attempt
        _start_supervisor(folder, log)
        _print_log(folder, log, begin, number)
    reached = read_reached(folder)
    error = reached.error if reached and reached.number >= number else end_of(log, 20)
    if error or not is_up(folder):
        raise NotReady("the local stack", remedy=error or end_of(log, 20))


def refuse_other(folder: Path, detector: str) -> None:
    """Raise OtherDetector if a running stack would have to change its detector: answers of two must not be mixed."""
    if detector and is_up(folder) and detector != read_wanted(folder).detector:
        raise OtherDetector(detector)


def down(folder: Path) -> list[str]:
    """Stop this folder's stack; return the names of the processes that a killed supervisor had left running."""
    reached = read_reached(folder)
    if is_up(folder) and reached:
        os.kill(reached.pid, signal.SIGTERM)
        wait_until(lambda: not is_up(folder), lambda: _moves(folder), every=0.2)
    left = PidFiles(folder).end_leftovers()
    for name in ("wanted.json", "reached.json", "env"):
        (folder / name).unlink(missing_ok=True)
    return left


def is_up(folder: Path) -> bool:
    """Return whether a supervisor runs: it holds the lock until it ends, however it ends."""
    if not (folder / "lock").exists():
        return False
    with (folder / "lock").open() as lock:
        return not take(lock)


def read_scale(text: str) -> dict[str, int]:
    """Read `labels=3 text=2`. Raises BadScale or UnknownService."""
    pairs = [re.fullmatch(r"(\w+)=(\d+)", word) for word in text.replace(",", " ").split()]
    if not all(pairs):
        raise BadScale(repr(text), remedy='Write it like this: SCALE="labels=3 text=2"')
    scale = {pair[1]: int(pair[2]) for pair in pairs if pair}
    names = (
        "NEO4J_PASSWORD",
        "FLOWER_PASSWORD",
        "REDIS_URL",
        "REDIS_FLOWER_URL",
        "REDIS_PRODUCER_URL",
        "WEB_SECRET",
        "WEB_FIRST_PASSWORD",
    )
    placeholders = {f"SIGHTLINE_{name}": "-" for name in names}
    services = our_services(placeholders)
    for name, count in scale.items():
        if name not in services:
            raise UnknownService(name, remedy=f"There are {', '.join(sorted(services))}")
        check_count(services[name], count)
    return scale


def _start_supervisor(folder: Path, log: Path) -> None:
    """Start it in its own session, so that it outlives the terminal; wait until it holds its lock."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "dev.stack", "supervise", "--folder", str(folder)],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    wait_until(lambda: is_up(folder) or child.poll() is not None, lambda: cpu_of({child.pid}))


def _print_log(folder: Path, log: Path, position: int, number: int) -> int:
    """Print the log from a position in bytes, until the attempt has ended or nothing moves; return the new position."""
    with log.open(errors="replace") as lines:
        lines.seek(position)

        def print_more() -> bool:
            is_over = _is_reached(folder, number) or not is_up(folder)
            for line in lines:
                if not is_about_another_attempt(line, number):
                    print(line.rstrip(), flush=True)
            return is_over

        wait_until(print_more, lambda: _moves(folder), every=0.2)
        return lines.tell()


def _moves(folder: Path) -> Moves:
    return Layout(folder).logged_bytes(), cpu_of({entry.pid for entry in PidFiles(folder).running()})


def _is_reached(folder: Path, number: int) -> bool:
    reached = read_reached(folder)
    return reached is not None and reached.number >= number
