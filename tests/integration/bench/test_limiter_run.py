"""The calling processes of the limiter's benchmark begin together, however long each takes to get ready."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.limiter_run import Caller, start

PIPE = subprocess.PIPE


@contextmanager
def callers(*scripts: str) -> Iterator[list[Caller]]:
    started = [subprocess.Popen(["/bin/sh", "-c", script], stdin=PIPE, stdout=PIPE, text=True) for script in scripts]
    try:
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def test_all_are_told_the_same_beginning_once_the_slowest_is_ready():
    ready_and_repeat = "echo ready; read -r begin; echo $begin"
    asked = time.time()
    with callers(ready_and_repeat, f"sleep 0.5; {ready_and_repeat}") as started:
        begin = start(started)
        assert [f"{begin}\n"] * 2 == [each.stdout.readline() for each in started]
    assert begin > asked + 0.5


def test_one_that_ends_before_it_is_ready_ends_the_run():
    with (
        callers("echo ready; read -r begin", "exit 1") as started,
        pytest.raises(RuntimeError, match="not become ready"),
    ):
        start(started)
