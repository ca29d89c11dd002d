"""A worker's heartbeat: a small file that says it is alive, and whether it consumes what it should."""

import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from celery.worker import state

PERIOD_SECONDS = 5.0


class Consumption(Protocol):
    """What the heartbeat tells of a worker's queues."""

    @property
    def leaves_some(self) -> bool:
        """Return whether the worker leaves a queue of its own on purpose."""

    def missing(self) -> list[str]:
        """Return the queues that should be taken from and are not."""


def start(folder: Path, node: str, pid: int, stopping: threading.Event, consumption: Consumption) -> None:
    """Write the heartbeat from a thread until the worker stops."""
    folder.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(folder)
    path = folder / f"{node.partition('@')[0]}-{pid}.json"
    threading.Thread(target=beat, args=(path, stopping, consumption), name="heartbeat", daemon=True).start()


def _forget_the_dead(folder: Path) -> None:
    """Remove what workers left behind that were killed: they write no more."""
    for left in folder.glob("*.json"):
        with suppress(FileNotFoundError):  # a worker that starts at the same time has removed it
            if time.time() - left.stat().st_mtime > 2 * PERIOD_SECONDS:
                left.unlink()


def beat(path: Path, stopping: threading.Event, consumption: Consumption) -> None:
    """Write the heartbeat every PERIOD_SECONDS until the worker stops."""
    received, since, lacked_before = -1, time.time(), set[str]()
    while True:
        now_received = sum(state.total_count.values())
        if now_received != received or state.active_requests or consumption.leaves_some:
            received, since = now_received, time.time()
        lacked = set(consumption.missing())
        lasting = sorted(lacked & lacked_before)  # a change that the worker makes itself is over at the next beat
        write(path, {"at": time.time(), "received": received, "idle_since": since, "missing": lasting})
        lacked_before = lacked
        if stopping.wait(PERIOD_SECONDS):
            path.unlink(missing_ok=True)
            return


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content))
    draft.replace(path)
