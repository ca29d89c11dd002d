"""Child processes: started, frozen, ended, and counted, by their ids."""

import os
import sys
import time

import pytest

from dev.stack.pidfiles import PidFiles
from dev.stack.processes import Process, started_at
from dev.stack.waiting import nothing, wait_until

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
"""Without coverage, which would catch the signals that these children are sent."""


@pytest.fixture
def run(tmp_path):
    started = []

    def start(code):
        process = Process("child", [sys.executable, "-c", code], tmp_path / "logs" / "child.log", ENVIRONMENT)
        started.append(process)
        process.start()
        assert wait_until(lambda: process.log_end() != "" or not process.is_running(), nothing)
        return process

    yield start
    for process in started:
        process.kill()


def state_of(pid):
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - the kernel's file
        return stat.read().rpartition(")")[2].split()[0]


def test_a_process_that_is_asked_ends_by_term(run):
    process = run(SLEEP)
    process.stop()
    assert (False, -15) == (process.is_running(), process.exit_status)


def test_a_process_that_does_not_hear_is_killed(run):
    process = run(DEAF)
    process.stop(patience=0.2)
    assert (False, -9) == (process.is_running(), process.exit_status)


def test_a_frozen_process_can_be_stopped(run):
    process = run(SLEEP)
    process.freeze()
    assert wait_until(lambda: state_of(process.pid) == "T", nothing)
    process.stop()
    assert -15 == process.exit_status


def test_a_thawed_process_goes_on(run):
    process = run(SLEEP)
    process.freeze()
    assert wait_until(lambda: state_of(process.pid) == "T", nothing)
    process.thaw()
    assert wait_until(lambda: state_of(process.pid) == "S", nothing)


def test_what_a_process_started_ends_with_it(run):
    process = run(f"{PARENT} print(child.pid, flush=True); child.wait()")
    grandchild = int(process.log_end())
    process.kill()
    assert wait_until(lambda: started_at(grandchild) is None, nothing)


def test_what_a_process_left_behind_when_it_died_ends_as_soon_as_that_is_noticed(run):
    process = run(f"{PARENT} print(child.pid, flush=True)")
    grandchild = int(process.log_end())
    assert wait_until(lambda: not process.is_running(), nothing)
    assert wait_until(lambda: started_at(grandchild) is None, nothing)


def test_starting_twice_starts_one(run):
    process = run(SLEEP)
    pid = process.pid
    process.start()
    assert pid == process.pid


def test_a_process_that_died_can_be_started_again_and_adds_to_its_log(run):
    process = run(SLEEP)
    first = process.pid
    process.kill()
    process.start()
    assert wait_until(lambda: "up\nup" == process.log_end(), nothing)
    assert first != process.pid


def test_what_a_killed_supervisor_left_is_found_and_ended(run, tmp_path):
    process = run(SLEEP)
    PidFiles(tmp_path).write({"child": process.pid})
    left = PidFiles(tmp_path)
    assert ["child"] == [entry.name for entry in left.running()]
    assert ["child"] == left.end_leftovers()
    assert not process.is_running()
    assert [] == left.running()


def test_what_the_left_process_started_ends_with_it(run, tmp_path):
    process = run(f"{PARENT} print(child.pid, flush=True); child.wait()")
    grandchild = int(process.log_end())
    PidFiles(tmp_path).write({"child": process.pid})
    PidFiles(tmp_path).end_leftovers()
    assert started_at(grandchild) is None


def test_a_process_that_only_has_the_same_id_is_left_alone(run, tmp_path):
    process = run(SLEEP)
    PidFiles(tmp_path).write({"child": process.pid})
    file = tmp_path / "processes.json"
    file.write_text(file.read_text().replace(str(started_at(process.pid)), str(time.time() - 86_400)))
    assert [] == PidFiles(tmp_path).end_leftovers()
    assert process.is_running()
