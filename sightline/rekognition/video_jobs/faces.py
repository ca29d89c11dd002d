"""Faces of a video: when there are any. Not whose they are, so the graph has no node for them."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.video_job import JobKind, moment


def span(entry: Json) -> Span:
    """Read one face in one moment."""
    return moment(entry, "Face", entry["Face"]["Confidence"])


KIND = JobKind(
    name="faces",
    start="StartFaceDetection",
    get="GetFaceDetection",
    summary="faces over time, their place and pose",
    listed="Faces",
    span=span,
    parameters={"FaceAttributes": "DEFAULT"},  # no guesses at age, gender or mood
)
