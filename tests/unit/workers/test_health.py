"""What a health check finds wrong with the worker of this machine."""

import json
import os
from threading import Event

import pytest
from celery.worker import state

from dev.stack.waiting import nothing, wait_until
from workers import heartbeat
from workers.health import complaint

NOW = 1_000_000.0


@pytest.fixture
def beat_of(tmp_path):
    def write(name="ingest-0-1", at=NOW - 1, idle_since=NOW - 1, **more):
        heartbeat.write(tmp_path / f"{name}.json", {"at": at, "received": 3, "idle_since": idle_since, **more})
        return tmp_path

    return write


def waiting(count):
    return lambda queue: count if queue == "ingest" else 0


def test_a_worker_that_beats_and_takes_its_messages_is_healthy(beat_of):
    assert complaint(beat_of(), ["ingest", "ingest.backfill"], waiting(7), NOW) is None


def test_without_a_heartbeat_there_is_no_worker(tmp_path):
    assert f"no worker has written a heartbeat to {tmp_path}" == complaint(tmp_path, ["ingest"], waiting(0), NOW)


def test_a_worker_that_has_fallen_silent_is_not_healthy_beside_one_that_beats(beat_of):
    beat_of("ingest-1-2")
    said = complaint(beat_of(at=NOW - 31), ["ingest"], waiting(0), NOW)
    assert "1 of 2 workers have not written a heartbeat for 30 s" == said


def test_a_worker_that_takes_nothing_while_messages_wait_is_not_healthy(beat_of):
    said = complaint(beat_of(idle_since=NOW - 61), ["ingest", "ingest.backfill"], waiting(2), NOW)
    assert "messages wait and nobody takes them: {'ingest': 2, 'ingest.backfill': 0}" == said


def test_an_idle_worker_of_empty_queues_is_healthy(beat_of):
    assert complaint(beat_of(idle_since=NOW - 9_999), ["ingest"], waiting(0), NOW) is None


def test_messages_that_another_worker_of_this_machine_takes_are_no_complaint(beat_of):
    beat_of("ingest-1-2")
    assert complaint(beat_of(idle_since=NOW - 61), ["ingest"], waiting(2), NOW) is None


def test_a_worker_whose_consumer_was_cancelled_is_not_healthy_although_no_message_waits(beat_of):
    beat_of("ingest-1-2", missing=[])
    said = complaint(beat_of(missing=["ingest"]), ["ingest", "ingest.backfill"], waiting(0), NOW)
    assert "a worker does not take from ingest, and should: its consumer was cancelled from outside" == said


class Consumption:
    """What a worker's queues look like to the heartbeat: `lacks` is read anew by each beat."""

    def __init__(self, *, leaves_some=False, lacks=()):
        self.leaves_some = leaves_some
        self.lacks = list(lacks)
        self.looks = 0

    def missing(self):
        self.looks += 1
        return self.lacks


def test_a_queue_that_is_missing_at_two_beats_is_written_and_one_in_change_is_not(tmp_path):
    file, consumption, beats = tmp_path / "labels-0-7.json", Consumption(lacks=["labels"]), []

    class Beats(Event):
        def wait(self, timeout=None):  # noqa: ARG002 - the interface
            beats.append(json.loads(file.read_text())["missing"])
            return len(beats) == 3

    heartbeat.beat(file, Beats(), consumption)
    assert ([[], ["labels"], ["labels"]], 3) == (beats, consumption.looks)


def test_a_worker_that_leaves_a_queue_on_purpose_is_not_idle(tmp_path):
    idle = {}
    for leaves_some in (False, True):
        file, beats = tmp_path / "labels-0-7.json", []

        class Beats(Event):
            def wait(self, timeout=None):  # noqa: ARG002 - the interface
                beats.append(json.loads(file.read_text())["idle_since"])  # noqa: B023 - used within its turn
                return len(beats) == 3  # noqa: B023

        heartbeat.beat(file, Beats(), Consumption(leaves_some=leaves_some))
        idle[leaves_some] = len(set(beats))
    assert {False: 1, True: 3} == idle


def test_a_worker_beats_from_its_start_until_it_stops_and_leaves_nothing_behind(tmp_path):
    stopping, file = Event(), tmp_path / "state" / "ingest-0-77.json"
    heartbeat.start(file.parent, "ingest-0@host", 77, stopping, Consumption())
    assert wait_until(file.exists, nothing)
    assert {"at", "received", "idle_since", "missing"} == set(json.loads(file.read_text()))
    assert sum(state.total_count.values()) == json.loads(file.read_text())["received"]
    stopping.set()
    assert wait_until(lambda: not file.exists(), nothing)
    assert [] == list(file.parent.iterdir())


def test_a_worker_forgets_the_heartbeats_of_those_that_were_killed(tmp_path):
    dead, alive, stopping = tmp_path / "labels-0-5.json", tmp_path / "labels-1-6.json", Event()
    for file in (dead, alive):
        heartbeat.write(file, {"at": NOW})
    os.utime(dead, (NOW, NOW))
    heartbeat.start(tmp_path, "ingest-0@host", 77, stopping, Consumption())
    stopping.set()
    assert (False, True) == (dead.exists(), alive.exists())


def test_heartbeats_that_go_while_they_are_read_are_no_fault(tmp_path, beat_of):
    (tmp_path / "labels-0-5.json").symlink_to(tmp_path / "gone")  # it is listed, and cannot be opened
    assert complaint(beat_of(), ["ingest"], waiting(0), NOW) is None
    stopping = Event()
    heartbeat.start(tmp_path, "ingest-0@host", 77, stopping, Consumption())
    stopping.set()
    assert wait_until(lambda: not (tmp_path / "ingest-0-77.json").exists(), nothing)
