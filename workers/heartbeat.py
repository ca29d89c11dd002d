"""A worker's heartbeat: a small file that says it is alive, and whether it consumes."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery.worker import state

PERIOD_SECONDS = 5.0


def start(folder: Path, node: str, pid: int, stopping: threading.Event, rests: Callable[[], bool]) -> None:
    """Write the heartbeat from a thread until the worker stops. rests: says whether it leaves a queue on purpose."""
    folder.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(folder)
    path = folder / f"{node.partition('@')[0]}-{pid}.json"
    threading.Thread(target=_beat, args=(path, stopping, rests), name="heartbeat", daemon=True).start()


def _forget_the_dead(folder: Path) -> None:
    """Remove what workers left behind that were killed: they write no more."""
    for left in folder.glob("*.json"):
        if time.time() - left.stat().st_mtime > 2 * PERIOD_SECONDS:
            left.unlink(missing_ok=True)


def _beat(path: Path, stopping: threading.Event, rests: Callable[[], bool]) -> None:
    received, since = -1, time.time()
    while True:
        now_received = sum(state.total_count.values())
        if now_received != received or state.active_requests or rests():
            received, since = now_received, time.time()
        write(path, {"at": time.time(), "received": received, "idle_since": since})
        if stopping.wait(PERIOD_SECONDS):
            path.unlink(missing_ok=True)
            return


def write(path: Path, beat: dict[str, Any]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(beat))
    draft.replace(path)
