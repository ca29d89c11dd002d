"""The end of a worker: what it counted is written when it is told to end, and when it ends.

In a process of its own, because the signal handlers of `workers.lifecycle` would serve all later workers of this one.
"""

import json
import subprocess
import sys

SCRIPT = """
import json, sys, threading
from dataclasses import replace
from celery import signals
from sightline.errors import Unavailable
from sightline.services.collaborators import provide
from sightline.services.usage import CallCounter
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import InMemoryUsage, in_memory_operations
from types import SimpleNamespace
from workers import lifecycle

class Away(InMemoryUsage):
    def count(self, day, counts):
        raise Unavailable("operations")

def after(told):
    clock = MovingClock()
    operations = in_memory_operations(clock)
    if "away" in told:
        operations = replace(operations, usage=Away())
    calls, graph = CallCounter(operations, clock), SimpleNamespace(closed=False)
    graph.close = lambda: setattr(graph, "closed", True)
    provide(SimpleNamespace(calls=calls, graph=graph))
    lifecycle.stopping.clear()
    calls.count("labels", "answered")
    if "TERM" in told:
        signals.worker_shutting_down.send(sender=None, sig="TERM", how="warm", exitcode=0)
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer) and thread.interval == 0:
                thread.join()
    if "end" in told:
        signals.worker_shutdown.send(sender=None)
    written = sum(operations.usage.calls("0000-00-00", "9999-12-31").values())
    return [lifecycle.stopping.is_set(), written, graph.closed]

print(json.dumps([after(told) for told in sys.argv[1:]]))
"""

EXPECTED = {
    "nothing": [False, 0, False],
    "TERM": [True, 1, False],
    "TERM, end": [True, 1, True],
    "end": [False, 1, True],
    "end, away": [False, 0, True],
}
"""What a worker hears → whether its threads were woken, how many calls are written, whether the graph is closed."""


def test_counts_are_written_when_a_worker_is_told_to_end_and_when_it_ends():
    done = subprocess.run([sys.executable, "-c", SCRIPT, *EXPECTED], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])  # the lines before are its log
    assert EXPECTED == dict(zip(EXPECTED, found, strict=True))


def test_a_ready_worker_looks_for_cycles_seldom_and_not_among_what_stays():
    script = "import gc; from workers import lifecycle; lifecycle._collect_seldom(); "
    script += "print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "True 5000" == done.stdout.strip()
