"""Quotas that the local Rekognition can serve on this machine, and how many calls wait for it at the same time.

AWS's own quotas are far above what a few cores can compute: calls would wait for a core until they were throttled.
"""

import json
import os
from collections.abc import Mapping

from dev.rekognition.detectors import detector_here
from dev.stack.servers import Options
from sightline.rekognition.features import all_features

QUOTAS = "SIGHTLINE_QUOTAS"
THREADS = "SIGHTLINE_DETECT_THREADS"
CALLS_A_CORE = 2
"""Calls in flight for each core and feature: one is being analysed, one is on its way. More would only wait."""


def for_this_machine(defaults: Mapping[str, str] | None = None, detector: str = "") -> Options:
    """Return options by which endpoint and limiter use the rate of this machine, or that of `defaults` if given.

    The bucket for pictures keeps versions, as is recommended. detector: of the local Rekognition; "" for the usual one.
    """
    given = dict(defaults or {})
    cores = len(os.sched_getaffinity(0))
    per_second = detector_here(wanted=detector).images_a_second * cores
    operations = sorted({feature.operation for feature in all_features().values()})
    quotas = given.get(QUOTAS) or json.dumps(dict.fromkeys(operations, per_second))
    chosen = {THREADS: str(CALLS_A_CORE * cores)} | given | {QUOTAS: quotas}
    asked = ("--detector", detector) if detector else ()
    return Options(rekognition=("--quotas", quotas, *asked), is_versioned=True, defaults=chosen)
