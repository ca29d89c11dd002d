"""The local stack as `make up` runs it: it stays up, it changes what it is told to, and leaves nothing behind."""

import os
import subprocess
import sys
from collections import Counter

import psutil
import pytest

from dev.stack.census import Census
from dev.stack.processes import started_at
from dev.stack.readiness import redis_answers, wait_until
from dev.stack.supervisor import read_reached

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

FEW = "ingest=0 faces=0 text=0 rows=0 graph=0 operations=0 careful=0 flower=0"
PATIENCE_SECONDS = 60


class UpStack:
    """A stack in a folder of its own, reached by the command line alone."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *arguments):
        command = [sys.executable, "-m", "dev.stack", *arguments, "--folder", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)

    def up(self, scale=""):
        done = self.run("up", "--scale", scale)
        assert 0 == done.returncode, done.stdout + done.stderr

    def pids(self):
        return {entry.name: entry.pid for entry in Census(self.folder).running()}

    def listening(self):
        connections = [each for pid in self.pids().values() for each in psutil.Process(pid).net_connections("inet")]
        return [each.laddr for each in connections if each.status == psutil.CONN_LISTEN]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    made = UpStack(tmp_path_factory.mktemp("stack"))
    try:
        made.up(FEW)
        yield made
    finally:
        made.run("down")


def is_back(stack, name, old_pid):
    return lambda: stack.pids().get(name, old_pid) != old_pid


def test_every_server_and_the_wanted_workers_run(stack):
    assert {"redis", "neo4j", "dynamodb", "s3", "rekognition", "labels-0", "beat-0"} == set(stack.pids())


def test_every_server_listens_once_and_on_loopback_alone(stack):
    hosts = Counter(address.ip.removeprefix("::ffff:") for address in stack.listening())
    assert {"127.0.0.1": 5} == hosts


def test_its_settings_are_for_its_owner_alone_and_say_how_to_reach_it(stack):
    file = stack.folder / "env"
    assert 0o600 == file.stat().st_mode & 0o777
    show = f'. {file} && "{sys.executable}" -c "from workers.settings import Settings; print(Settings().s3_endpoint)"'
    said = subprocess.run(["sh", "-c", show], capture_output=True, text=True, check=True).stdout.strip()
    assert said in stack.run("status").stdout
    assert said.rpartition(":")[2] in {str(address.port) for address in stack.listening()}


def test_up_again_changes_nothing(stack):
    before = stack.pids()
    stack.up()
    assert before == stack.pids()


def test_a_scale_touches_only_what_it_names(stack):
    before = stack.pids()
    stack.up("labels=2")
    more = stack.pids()
    assert {"labels-1"} == set(more) - set(before)
    stack.up("labels=1")
    assert before == stack.pids()


def test_a_worker_that_dies_is_started_again_and_the_log_says_so(stack):
    old = stack.pids()["labels-0"]
    os.kill(old, 9)
    assert wait_until(is_back(stack, "labels-0", old), PATIENCE_SECONDS)
    assert "labels-0 died (-9), it is started again" in (stack.folder / "logs" / "supervisor.log").read_text()


def test_a_server_that_dies_comes_back_where_it_was(stack):
    port = int((stack.folder / "env").read_text().partition("redis://127.0.0.1:")[2].partition("/")[0])
    old = stack.pids()["redis"]
    os.kill(old, 9)
    assert wait_until(is_back(stack, "redis", old), PATIENCE_SECONDS)
    assert wait_until(lambda: redis_answers(port), PATIENCE_SECONDS)


def test_down_ends_everything_even_when_the_supervisor_was_killed(stack):
    """The last of this file: it takes the stack away."""
    pids, addresses = stack.pids(), stack.listening()
    os.kill(read_reached(stack.folder).pid, 9)
    done = stack.run("down")
    assert 0 == done.returncode
    assert {} == {name: pid for name, pid in pids.items() if started_at(pid) is not None}
    listening = {each.laddr.port for each in psutil.net_connections("inet") if each.status == psutil.CONN_LISTEN}
    assert set() == listening & {address.port for address in addresses}
    assert 1 == stack.run("status").returncode
