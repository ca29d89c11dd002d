"""What the limiter's benchmark runs against: a Redis and a local Rekognition of its own, on free loopback ports."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dev.stack.place import Place

READY_SECONDS = 60
STOP_SECONDS = 10


@dataclass(slots=True)
class Server:
    """One server process. `is_ready` asks it."""

    command: list[str]
    is_ready: Callable[[], bool]
    _process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        """Start it, and wait until it answers; raise TimeoutError where it does not."""
        self._process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError(f"{' '.join(self.command)}: not ready")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Let it end by itself; kill it where it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True, slots=True)
class Ground:
    """The two servers and the file of calls. `endpoint`: Rekognition's address."""

    redis: Server
    redis_port: int
    endpoint: str
    calls_log: Path

    @property
    def redis_url(self) -> str:
        """Give Redis's address."""
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def enforce(self, operation: str, per_second: float) -> None:
        """Let Rekognition throttle at this rate from now on."""
        body = json.dumps({"quotas": {operation: per_second}}).encode()
        request = urllib.request.Request(f"{self.endpoint}/control", body, method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            answer.read()


@contextmanager
def servers(folder: Path) -> Iterator[Ground]:
    """Start both servers, with what they write in `folder`; stop them at the end."""
    place = Place(folder)
    redis_port, port = place.port("redis"), place.port("rekognition")
    calls_log = folder / "calls.jsonl"
    redis = Server(_redis_command(redis_port, folder), lambda: _listens(redis_port))
    rekognition = Server(_rekognition_command(port, calls_log), lambda: _listens(port))
    try:
        redis.start()
        rekognition.start()
        yield Ground(redis, redis_port, f"http://127.0.0.1:{port}", calls_log)
    finally:
        rekognition.stop()
        redis.stop()


def _redis_command(port: int, folder: Path) -> list[str]:
    # It keeps nothing, so that after a kill it is as empty as after FLUSHALL: the harder case.
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]


def _rekognition_command(port: int, calls_log: Path) -> list[str]:
    # Images are sent as bytes, so that no S3 is asked.
    options = ["--port", str(port), "--calls-log", str(calls_log), "--s3-endpoint", "http://127.0.0.1:9"]
    return [sys.executable, "-m", "dev.rekognition", *options, "--lift-quotas", "--processes", "1"]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
