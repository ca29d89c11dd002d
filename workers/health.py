"""`python -m workers.health QUEUE…`: is the worker of this machine alive, and does it consume?

A worker can be connected and yet take nothing, after a lost connection or if its consumer was cancelled. So: unhealthy
is a heartbeat older than 30 s; a queue that a worker should take from and does not; or a queue of its own that holds
messages while it has taken none, and worked on none, for 60 s.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sightline.bootstrap import redis_client
from sightline.config import Settings

STALE_SECONDS = 30.0
IDLE_SECONDS = 60.0


def complaint(
    folder: Path,
    queues: Sequence[str],
    waiting: Callable[[str], int],
    now: float,
    *,
    stale_seconds: float = STALE_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
) -> str | None:
    """Return what is wrong, or None. waiting: queue → messages in it; now: seconds since the epoch."""
    beats = [*_beats(folder)]
    if not beats:
        return f"no worker has written a heartbeat to {folder}"
    if stale := [beat for beat in beats if now - beat["at"] > stale_seconds]:
        return f"{len(stale)} of {len(beats)} workers have not written a heartbeat for {stale_seconds:.0f} s"
    if missing := sorted({queue for beat in beats for queue in beat.get("missing", ())}):
        return f"a worker does not take from {', '.join(missing)}, and should: its consumer was cancelled from outside"
    left = {queue: waiting(queue) for queue in queues}
    if any(left.values()) and all(now - beat["idle_since"] > idle_seconds for beat in beats):
        return f"messages wait and nobody takes them: {left}"
    return None


def _beats(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.glob("*.json"):
        with suppress(FileNotFoundError):  # the worker has just ended
            yield json.loads(path.read_text())


def main(queues: Sequence[str]) -> int:
    """Print the complaint, if there is one; return the exit code."""
    settings = Settings()
    client = redis_client(settings)
    folder = Path(settings.state_folder or ".")
    wrong = complaint(folder, queues, lambda name: client.llen(settings.key_prefix + name), time.time())
    print(wrong or "healthy")  # noqa: T201 - the answer of a command
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
