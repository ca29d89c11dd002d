"""Text of a video: its lines, each from when to when. Words repeat them, and are kept in the results alone."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.features.text import FEATURE
from sightline.rekognition.video_job import JobKind, moment


def span(entry: Json) -> Span | None:
    """Read a line in one moment."""
    text = entry["TextDetection"]
    return moment(entry, text["DetectedText"], text["Confidence"]) if text["Type"] == "LINE" else None


KIND = JobKind(
    name="text",
    start="StartTextDetection",
    get="GetTextDetection",
    summary="lines of text over time",
    listed="TextDetections",
    span=span,
    version="TextModelVersion",
    node=FEATURE.edge,
)
