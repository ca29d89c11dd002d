"""The kinds of jobs there are: every module of this package that declares `KIND`. Adding one is adding a file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sightline.errors import UnknownFeature
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
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.KIND.name: module.KIND for module in modules}


def job_kind_named(name: str) -> JobKind:
    """Return the kind called `name`; raise UnknownFeature if there is none."""
    kinds = all_job_kinds()
    if name not in kinds:
        raise UnknownFeature(name, known=sorted(kinds))
    return kinds[name]
