"""Labels of a video: things, scenes and actions, each from when to when."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.features.labels import FEATURE
from sightline.rekognition.video_job import JobKind, moment


def span(entry: Json) -> Span:
    """Read a label's segment."""
    return moment(entry, entry["Label"]["Name"], entry["Label"]["Confidence"])


KIND = JobKind(
    name="labels",
    start="StartLabelDetection",
    get="GetLabelDetection",
    summary="things, scenes and actions over time",
    listed="Labels",
    span=span,
    parameters={"MinConfidence": 50, "Features": ["GENERAL_LABELS"]},
    reading={
        "AggregateBy": "SEGMENTS"
    },  # of the same job, and the same price: intervals instead of a list twice a second
    version="LabelModelVersion",
    node=FEATURE.edge,
)
