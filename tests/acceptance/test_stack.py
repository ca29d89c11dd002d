"""The local stack as `make up` runs it: it stays up, changes what it is told to change, and leaves nothing behind."""

import os
import sys
from collections import Counter
from urllib.parse import urlsplit

import psutil
import pytest

from dev.stack.processes import started_at
from dev.stack.readiness import redis_answers
from dev.stack.supervisor import read_reached
from tests.commands import run

pytestmark = pytest.mark.acceptance


def is_back(up_stack, name, old_pid):
    return lambda: up_stack.pids().get(name, old_pid) != old_pid


def test_every_server_and_the_wanted_workers_run(up_stack):
    servers = {"redis", "neo4j", "dynamodb", "s3", "rekognition", "sqs"}
    assert servers | {"frames-0", "labels-0", "operations-0", "beat-0", "flower-0", "web-0", "listen-0"} == set(
        up_stack.pids()
    )


def test_all_listen_once_and_on_loopback_alone(up_stack):
    hosts = Counter(address.ip.removeprefix("::ffff:") for address in up_stack.listening())
    assert {"127.0.0.1": 11} == hosts  # the servers, Flower, the console, and the metrics of the three workers


def test_its_settings_are_for_its_owner_alone_and_say_how_to_reach_it(up_stack):
    file = up_stack.folder / "env"
    assert 0o600 == file.stat().st_mode & 0o777
    show = f'. {file} && "{sys.executable}" -c "from sightline.config import Settings; print(Settings().s3_endpoint)"'
    said = run(["sh", "-c", show]).stdout.strip()
    assert said in up_stack.run("status").stdout
    assert said.rpartition(":")[2] in {str(address.port) for address in up_stack.listening()}


def test_up_again_changes_nothing(up_stack):
    before = up_stack.pids()
    up_stack.up()
    assert before == up_stack.pids()


def test_a_scale_touches_only_what_it_names(up_stack):
    before = up_stack.pids()
    up_stack.up("labels=3")
    more = up_stack.pids()
    assert {"labels-1", "labels-2"} == set(more) - set(before)
    assert before == {name: more[name] for name in before}
    up_stack.up("labels=1")
    assert before == up_stack.pids()


def test_a_worker_that_dies_is_started_again_and_the_log_says_so(up_stack):
    old = up_stack.pids()["labels-0"]
    os.kill(old, 9)
    assert up_stack.until(is_back(up_stack, "labels-0", old))
    assert "labels-0 died (-9), it is started again" in (up_stack.folder / "logs" / "supervisor.log").read_text()


def test_a_server_that_dies_comes_back_where_it_was(up_stack):
    url = urlsplit(up_stack.env()["SIGHTLINE_REDIS_URL"])
    old = up_stack.pids()["redis"]
    os.kill(old, 9)
    assert up_stack.until(is_back(up_stack, "redis", old))
    assert up_stack.until(lambda: redis_answers(url.port, url.username, url.password))


def test_down_ends_everything_even_when_the_supervisor_was_killed(up_stack):
    """It must be the last test with this stack, which it takes down."""
    pids, addresses = up_stack.pids(), up_stack.listening()
    os.kill(read_reached(up_stack.folder).pid, 9)
    done = up_stack.run("down")
    assert 0 == done.returncode
    assert {} == {name: pid for name, pid in pids.items() if started_at(pid) is not None}
    listening = {each.laddr.port for each in psutil.net_connections("inet") if each.status == psutil.CONN_LISTEN}
    assert set() == listening & {address.port for address in addresses}
    assert 1 == up_stack.run("status").returncode
