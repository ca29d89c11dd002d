"""Celebrities of a video: well-known people, and when they are seen."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.features.celebrities import FEATURE
from sightline.rekognition.video_job import JobKind, moment


def span(entry: Json) -> Span:
    """Read one known face in one moment."""
    return moment(entry, entry["Celebrity"]["Name"], entry["Celebrity"]["Confidence"])


KIND = JobKind(
    name="celebrities",
    start="StartCelebrityRecognition",
    get="GetCelebrityRecognition",
    summary="well-known people over time",
    listed="Celebrities",
    span=span,
    node=FEATURE.edge,
)
