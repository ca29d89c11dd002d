"""Moderation of a video: what a viewer might have to be warned of, and when."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.features.moderation import FEATURE
from sightline.rekognition.video_job import JobKind, moment


def span(entry: Json) -> Span:
    """Read a segment of one label, of whichever level."""
    return moment(entry, entry["ModerationLabel"]["Name"], entry["ModerationLabel"]["Confidence"])


KIND = JobKind(
    name="moderation",
    start="StartContentModeration",
    get="GetContentModeration",
    summary="content to be warned of, over time",
    listed="ModerationLabels",
    span=span,
    parameters={"MinConfidence": 50},
    reading={"AggregateBy": "SEGMENTS"},
    version="ModerationModelVersion",
    node=FEATURE.edge,
)
