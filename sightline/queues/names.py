"""The queues, and which step goes where. A declared feature has its queue here without a line of its own."""

from kombu import Exchange, Queue

from sightline.models.images import Lane
from sightline.queues.steps import COLLECT_JOB, COMPARE, INGEST, MERGE, START_JOB, TAKE, WRITE, lane_queue
from sightline.rekognition.features import all_features

LANED = ("ingest", "frames", *all_features(), "rows", "graph")
SINGLE = ("operations", "careful")

QUEUE_NAMES = tuple(lane_queue(name, lane) for name in LANED for lane in Lane) + SINGLE

QUEUES = [Queue(name, Exchange(name, type="direct"), routing_key=name) for name in QUEUE_NAMES]

ROUTES = {
    COMPARE: {"queue": "operations"},
    INGEST: {"queue": "ingest"},
    MERGE: {"queue": "graph"},
    WRITE: {"queue": "rows"},
    TAKE: {"queue": "frames"},
    START_JOB: {"queue": "frames"},
    COLLECT_JOB: {"queue": "frames"},
}
"""Where a step goes whose sender named no queue. `detect_feature` is missing: its queue is its feature's."""
