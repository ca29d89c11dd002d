"""An owner is killed, and its watcher ends what it started: by session, by mark, and even if frozen."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.stack import watcher
from dev.stack.folders import CHECKOUT
from dev.stack.waiting import nothing, wait_until

OWNER = """
import os, subprocess, sys, time
from pathlib import Path
from dev.stack.processes import Process
from dev.stack.watched import end_watch, watch

folder = Path(sys.argv[1])

def start(name, *command, environment=os.environ):
    process = Process(name, command, folder / f"{name}.log", environment)
    process.start()
    return process

def say(*pids):
    print(*pids, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Callable[[str], list[int]]:
    """Return a function that runs an owner until it has named its processes, and then kills it."""

    def kill(code: str) -> list[int]:
        program = [sys.executable, "-c", OWNER + code, str(tmp_path)]
        with subprocess.Popen(program, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout
            pids = [int(word) for word in owner.stdout.readline().split()]
            owner.kill()
        assert pids
        return pids

    return kill


def are_gone(pids: list[int]) -> bool:
    return wait_until(lambda: {None} == {watcher.seen(pid) for pid in pids}, nothing)


def test_what_an_owner_started_ends_when_the_owner_is_killed(killed):
    assert are_gone(killed('say(start("one", "sleep", "600").pid, start("two", "sleep", "600").pid)'))


def test_a_frozen_process_ends_with_its_owner(killed):
    assert are_gone(killed('one = start("one", "sleep", "600"); one.freeze(); say(one.pid)'))


def test_what_it_started_without_a_mark_ends_by_its_session(killed):
    """It is a shell that loses its environment, as Redis does when it sets its title."""
    shell = '"sh", "-c", "env -i sleep 600 & echo $!; wait"'
    code = f"""
one = start("one", {shell})
while not one.log_end(): time.sleep(0.01)
say(one.pid, one.log_end())
"""
    assert are_gone(killed(code))


def test_what_nobody_registered_ends_by_its_mark_even_in_a_session_of_its_own(killed):
    code = 'watch(); say(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)'
    assert are_gone(killed(code))


def test_a_fork_of_the_owner_ends_with_it(killed):
    """They are like the workers of a process pool, which wait for each other for ever."""
    assert are_gone(
        killed("""
watch()
if not (fork := os.fork()): time.sleep(600)
say(fork)
""")
    )


def test_a_signal_to_the_owners_group_leaves_the_watcher_to_its_work(tmp_path):
    program = [sys.executable, "-c", OWNER + 'say(start("one", "sleep", "600").pid)', str(tmp_path)]
    with subprocess.Popen(program, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, start_new_session=True) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        os.killpg(owner.pid, signal.SIGKILL)
    assert are_gone([pid])


def test_an_owner_that_ends_by_itself_leaves_nothing_running_but_its_folders(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    code = 'print(start("one", "sleep", "600").pid); watch().remove(folder / "kept")'
    program = [sys.executable, "-c", OWNER + code, str(tmp_path)]
    said = subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert watcher.seen(int(said)) is None
    assert kept.is_dir()


def test_the_folders_of_a_killed_owner_are_removed(killed, tmp_path):
    (tmp_path / "gone").mkdir()
    killed('watch().remove(folder / "gone"); say(os.getpid())')
    assert wait_until(lambda: not (tmp_path / "gone").exists(), nothing)


def test_a_program_whose_owner_dies_before_it_is_registered_never_begins(killed, tmp_path):
    """The owner is killed after it has started the process and before it lets it begin."""
    code = f"""
def die(line):
    os.kill(os.getpid(), 9)
watch()._tell = die
print(os.getpid(), flush=True)
start("one", "touch", {str(tmp_path / "begun")!r})
"""
    assert are_gone(killed(code))
    assert not (tmp_path / "begun").exists()


def test_a_process_that_only_has_the_id_of_a_registered_one_is_left_alone():
    """It leads a session of its own, and nobody has registered it by when it started."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as sleeper:
        try:
            assert [] == watcher.left_of({sleeper.pid: -1}, "a mark that nobody has")
        finally:
            sleeper.kill()


def test_the_session_of_those_whose_leader_is_outside_of_the_container_is_left_alone():
    assert [] == watcher.left_of({0: 0}, "a mark that nobody has")
