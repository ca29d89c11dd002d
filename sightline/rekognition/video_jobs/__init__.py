"""The kinds of jobs there are: every module of this package that declares `KIND`. Adding one is adding a file."""

import sys
from functools import cache

from sightline.rekognition.declared import modules_of, named
from sightline.rekognition.video_job import JobKind

CLOSED = {
    "persons": "StartPersonTracking: AWS closed it on 31 October 2025",
    "streaming": "stream processors: AWS has taken no new customers since 30 April 2026",
    "bulk": "StartMediaAnalysisJob (bulk analysis of images): AWS has taken no new customers since 30 April 2026",
}
"""What can no longer be had, by the word that somebody may ask for it with."""


@cache
def all_job_kinds() -> dict[str, JobKind]:
    """Return every declared kind by name, in alphabetical order."""
    return {module.KIND.name: module.KIND for module in modules_of(sys.modules[__name__])}


def job_kind_named(name: str) -> JobKind:
    """Return the kind called `name`; raise UnknownFeature if there is none."""
    return named(name, all_job_kinds())
