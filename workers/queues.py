"""The queues, and which step goes where. A declared feature has its queue here without a line of its own."""

from kombu import Exchange, Queue

from stores.rows import Lane
from tasks.parity.run import CHECK, CHOOSE
from tasks.purge import NAME as PURGE
from tasks.reconcile import NAME as RECONCILE
from tasks.rollups.run import NAME as ROLL_UP
from tasks.steps import INGEST, MERGE, lane_queue
from tasks.sweep import NAME as SWEEP
from tasks.sync.run import NAME as SYNC
from vision.features import all_features

LANED = ("ingest", *all_features(), "rows", "graph")
SINGLE = ("operations", "careful")

QUEUE_NAMES = tuple(lane_queue(name, lane) for name in LANED for lane in Lane) + SINGLE

QUEUES = [Queue(name, Exchange(name, type="direct"), routing_key=name) for name in QUEUE_NAMES]

ROUTES = {
    INGEST: {"queue": "ingest"},
    MERGE: {"queue": "graph"},
    "write_rows": {"queue": "rows"},
    RECONCILE: {"queue": "operations"},
    ROLL_UP: {"queue": "operations"},
    SWEEP: {"queue": "operations"},
    SYNC: {"queue": "operations"},
    CHOOSE: {"queue": "operations"},
    CHECK: {"queue": "operations"},
    PURGE: {"queue": "operations"},
}
"""Where a message goes whose sender named no queue. `detect_feature` is missing: its queue is its feature's."""
