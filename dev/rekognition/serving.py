"""The local Rekognition as a server: what it is put together from."""

import os
import signal
import sys
import time
from datetime import UTC, datetime

import uvicorn

from dev.rekognition.answers import Answers
from dev.rekognition.app import build_app
from dev.rekognition.calls_log import CallsLog
from dev.rekognition.collections import Collections
from dev.rekognition.detectors import detector_here
from dev.rekognition.endpoint import Endpoint
from dev.rekognition.faults import FaultScript
from dev.rekognition.operations import LIMITED
from dev.rekognition.options import Options, read_options
from dev.rekognition.quotas import Quotas
from dev.rekognition.s3 import Objects
from dev.rekognition.sight import Sight
from dev.rekognition.videos.jobs import Jobs
from dev.rekognition.videos.messages import Messages, into_queue
from sightline.rekognition.quotas import default_quota


def build_endpoint(options: Options) -> Endpoint:
    """Put the endpoint together."""
    defaults = {} if options.lift_quotas else {name: default_quota(name, options.region) for name in LIMITED}
    objects, faults = Objects(options.s3_endpoint, options.region), FaultScript()
    sight = Sight(options.processes, detector=detector_here(wanted=options.detector))
    queue = into_queue(options.completions_queue, options.region) if options.completions_queue else None
    return Endpoint(
        region=options.region,
        objects=objects,
        sight=sight,
        answers=Answers(options.remember),
        collections=Collections(options.calls_log.with_name("collections.json")),
        quotas=Quotas({**defaults, **options.quotas}, time.monotonic),
        faults=faults,
        jobs=Jobs(objects, sight, faults, Messages(queue, faults), _utc_now),
        log=CallsLog(options.calls_log),
        clock=_utc_now,
        latency_seconds=options.latency_ms / 1000,
    )


def _utc_now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Serve until told to stop."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Tesseract's threads would fight the other processes for the cores
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn ends itself, then sends the signal on to us
    options = read_options()
    config = uvicorn.Config(
        build_app(build_endpoint(options)),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,  # a connection that closes as a call is sent is a call that ended unknown
    )
    uvicorn.Server(config).run()
