"""How fast are images added, with how much memory, and what does each leave in Redis?

`python -m bench.enqueue [--keys N]`. It runs `sightline add --from FILE` as a person would, first with a tenth of the
keys, then with all, against its own Redis and DynamoDB (in memory); no worker takes a message away. Memory must not
grow with the number of keys: it exits 1 if the larger run needed a fifth more.
"""

import argparse
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import redis

from dev.stack import Options, Stack
from dev.stack.processes import inherited
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from dev.stack.watcher import seen
from sightline.bootstrap import STORES_CONFIG, aws_session, utc_now
from sightline.config import Settings
from sightline.storage.images.dynamodb import DynamoImageStore

SERVERS = ("redis", "dynamodb")
KEYS = 100_000
MOST_KEYS = 1_000_000
MIB = 2**20
GOAL_GROWTH = 1.2


@dataclass(frozen=True, slots=True)
class Run:
    """One `add`. peak_bytes: of its process; on_redis_bytes: by how much Redis has grown."""

    keys: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    on_redis_bytes: int


def add(folder: Path, keys: int, env: dict[str, str], client: redis.Redis) -> Run:
    """Add so many new images; raise RuntimeError unless each has become a row and a message."""
    file = folder / f"{keys}.txt"
    with file.open("w") as lines:
        lines.writelines(f"s3://images/yard-{n % 9}/2026-11-02/run-{keys}/MDAlarm_{n:08}.jpg\n" for n in range(keys))
    used, waiting = _used_bytes(client), _messages(client, env)
    begun = time.monotonic()
    command, answer = ["sightline", "add", "--from", str(file), "--json"], folder / f"{keys}.json"
    with answer.open("w") as output:
        usage = _run(command, inherited() | env, output)
    seconds, said = time.monotonic() - begun, answer.read_text()
    if json.loads(said)["new"] != keys or _messages(client, env) - waiting != keys:
        raise RuntimeError(f"not every key was added: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(keys, seconds, cpu, usage.ru_maxrss * 1024, _used_bytes(client) - used)


def _run(command: Sequence[str], env: Mapping[str, str], output: IO[str]) -> resource.struct_rusage:
    """Run a command for as long as it moves; return what it has used. Raises RuntimeError if it fails."""
    child = subprocess.Popen(command, env=env, stdout=output)
    ended: list[tuple[int, resource.struct_rusage]] = []

    def has_ended() -> bool:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            ended.append((status, usage))
        return bool(ended)

    if not wait_until(has_ended, lambda: seen(child.pid), longest=math.inf):
        child.kill()
        child.wait()
        raise RuntimeError(f"{command[0]} stands still")
    status, usage = ended[0]
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command[0]} failed, see above")
    return usage


def _used_bytes(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])


def _messages(client: redis.Redis, env: dict[str, str]) -> int:
    return int(client.llen(f"{env['SIGHTLINE_KEY_PREFIX']}ingest"))


def main() -> None:
    """Run both; exit 1 if memory grows."""
    parser = argparse.ArgumentParser("python -m bench.enqueue", description="See the head of bench/enqueue.py.")
    parser.add_argument("--keys", type=int, default=KEYS, help=f"(default {KEYS}, at most {MOST_KEYS})")
    keys = min(parser.parse_args().keys, MOST_KEYS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped in this case too
    others = {"SIGHTLINE_CHECKPOINT_BUCKET": "sightline", "SIGHTLINE_NEO4J_PASSWORD": "not asked for"}
    with temporary_folder("bench-enqueue-") as folder, Stack(folder / "stack", SERVERS, _options(others)) as stack:
        os.environ.update(stack.env)
        settings = Settings()
        session = aws_session(settings)
        dynamodb = session.client("dynamodb", endpoint_url=settings.dynamodb_endpoint, config=STORES_CONFIG)
        DynamoImageStore(dynamodb, settings.table_prefix, utc_now).setup()
        client = redis.Redis.from_url(settings.redis_url.get_secret_value())
        runs = [add(folder, count, stack.env, client) for count in (keys // 10, keys)]
        message = client.lindex(f"{settings.key_prefix}ingest", 0)
        names = sorted(key.decode() for key in client.scan_iter(count=1000))
    sys.exit(report(runs, message, names))


def _options(settings: dict[str, str]) -> Options:
    return Options(dynamodb_in_memory=True, settings=settings)


def report(runs: list[Run], message: bytes | str | None, names: list[str]) -> int:
    """Print the figures; return the exit code."""
    print(f"{'keys':>10}{'keys/s':>10}{'CPU ms/key':>12}{'peak MiB':>10}{'bytes on Redis/key':>20}")
    for run in runs:
        figures = f"{run.keys / run.seconds:10.0f}{1000 * run.cpu_seconds / run.keys:12.2f}{run.peak_bytes / MIB:10.0f}"
        print(f"{run.keys:10}{figures}{run.on_redis_bytes / run.keys:20.0f}")
    print(f"a message: {len(message or '')} bytes; keys on Redis: {', '.join(names)}")
    is_bounded = runs[-1].peak_bytes <= GOAL_GROWTH * runs[0].peak_bytes
    print(f"goal: at most {GOAL_GROWTH} of the memory for ten times the keys: {'met' if is_bounded else 'missed'}")
    return 0 if is_bounded else 1


if __name__ == "__main__":
    main()
