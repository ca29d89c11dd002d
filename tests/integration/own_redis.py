"""A Redis of a test's own, to be stopped, emptied and filled."""

from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from dev.stack.processes import Process, inherited, wait_for
from sightline.ratelimit.redis import RedisLimiter, client_options

QUOTAS = {"DetectLabels": 10.0, "DetectText": 10.0}


class OwnRedis:
    """A Redis of the test's own, which may be stopped and emptied."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._folder = folder
        self._process: Process | None = None

    def client(self, **options: object) -> Redis:
        return Redis(host="127.0.0.1", port=self.port, **{**client_options(), **options})

    def limiter(self, **options: Any) -> RedisLimiter:
        return RedisLimiter(self.client(), "1", "eu", QUOTAS, "sightline:", **options)

    def start(self, *options: str) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *options]
        self._process = Process("redis", command, self._folder / "redis.log", inherited())
        self._process.start()
        wait_for(self._process, self._is_ready)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()

    def forget(self) -> None:
        with self.client() as client:
            client.flushall()
            client.script_flush()

    def _is_ready(self) -> bool:
        try:
            with self.client() as client:
                client.ping()
        except AuthenticationError:
            return True
        except RedisError:
            return False
        return True
