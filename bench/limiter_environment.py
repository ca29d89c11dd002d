"""The servers of the limiter's benchmark: its own Redis and local Rekognition, on free loopback ports."""

import json
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.stack.layout import Layout
from dev.stack.processes import Process, inherited, stop_all, wait_for


@dataclass(frozen=True, slots=True)
class Server:
    """One server process, and how to see that it is ready."""

    process: Process
    is_ready: Callable[[], bool]

    def start(self) -> None:
        """Start it and wait until it answers; raise NotReady if it does not."""
        self.process.start()
        wait_for(self.process, self.is_ready)


@dataclass(frozen=True, slots=True)
class Environment:
    """The two servers and the log of calls. endpoint: Rekognition's address."""

    redis: Server
    redis_port: int
    endpoint: str
    calls_log: Path

    @property
    def redis_url(self) -> str:
        """Return Redis's address."""
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def enforce(self, operation: str, per_second: float) -> None:
        """Have Rekognition throttle at this rate from now on."""
        body = json.dumps({"quotas": {operation: per_second}}).encode()
        request = urllib.request.Request(f"{self.endpoint}/control", body, method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            answer.read()


@contextmanager
def servers(folder: Path) -> Iterator[Environment]:
    """Start both servers, with their files in `folder`; stop them at the end."""
    layout = Layout(folder)
    redis_port, port = layout.port("redis"), layout.port("rekognition")
    calls_log = folder / "calls.jsonl"
    commands = {"redis": _redis_command(redis_port, folder), "rekognition": _rekognition_command(port, calls_log)}
    processes = {name: Process(name, command, layout.log(name), inherited()) for name, command in commands.items()}
    redis = Server(processes["redis"], lambda: _listens(redis_port))
    rekognition = Server(processes["rekognition"], lambda: _listens(port))
    try:
        redis.start()
        rekognition.start()
        yield Environment(redis, redis_port, f"http://127.0.0.1:{port}", calls_log)
    finally:
        stop_all(list(processes.values()))


def _redis_command(port: int, folder: Path) -> list[str]:
    # It stores nothing, so it is as empty after a kill as after FLUSHALL: the harder case.
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]


def _rekognition_command(port: int, calls_log: Path) -> list[str]:
    # Images are sent as bytes, so no S3 is needed.
    options = ["--port", str(port), "--calls-log", str(calls_log), "--s3-endpoint", "http://127.0.0.1:9"]
    return [sys.executable, "-m", "dev.rekognition", *options, "--lift-quotas", "--processes", "1"]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
