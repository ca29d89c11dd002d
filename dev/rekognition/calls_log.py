"""The log of calls: one line of JSON for each, on disk before the caller gets an answer."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(slots=True)
class Call:
    """One call in the log.

    at: when it arrived, ISO 8601 with offset; seconds: how long until its outcome was known
    outcome: answered, throttled, refused, cut or hung; error: AWS's code if it was refused
    job: id of the job that a Start… answered with: jobs are billed, not calls
    content: sha256 of the image's bytes, hex, if they were read; of two images, both joined by `+`
    """

    request_id: str
    at: str
    operation: str
    content: str | None = None
    job: str | None = None
    bucket: str | None = None
    key: str | None = None
    outcome: str = "answered"
    error: str | None = None
    seconds: float = 0.0


class CallsLog:
    """Appends calls to `path`. One write for each, so that lines of several servers never mix."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def append(self, call: Call) -> None:
        """Write `call`. It is kept even if this process is killed."""
        os.write(self._file, (json.dumps(asdict(call)) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def begin(request_id: str, operation: str, clock: Callable[[], datetime]) -> Call:
    """Start the record of a call that has just arrived."""
    return Call(request_id, clock().isoformat(timespec="microseconds"), operation)
