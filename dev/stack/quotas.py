"""Quotas that the local Rekognition can keep on this machine.

AWS's own quotas are far above what a few cores can compute: calls would wait for a core until the endpoint throttles.
"""

import json
import os
from collections.abc import Mapping

from dev.rekognition.detectors import detector_here
from dev.stack.servers import Options
from sightline.rekognition.features import all_features

QUOTAS = "SIGHTLINE_QUOTAS"


def for_this_machine(defaults: Mapping[str, str] | None = None) -> Options:
    """Let the endpoint throttle at, and the limiter keep to, what this machine can do; or at what `defaults` say."""
    given = dict(defaults or {})
    per_second = detector_here().images_a_second * len(os.sched_getaffinity(0))
    operations = sorted({feature.operation for feature in all_features().values()})
    quotas = given.get(QUOTAS) or json.dumps(dict.fromkeys(operations, per_second))
    return Options(rekognition=("--quotas", quotas), defaults=given | {QUOTAS: quotas})
