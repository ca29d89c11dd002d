"""Segments of a video: shots, and technical cues such as black frames, credits and colour bars."""

from sightline.models.answers import Json
from sightline.models.video_jobs import Span
from sightline.rekognition.video_job import JobKind


def span(entry: Json) -> Span:
    """Read a segment. A shot is named by its number, so that two of them are never joined."""
    begin, end = int(entry["StartTimestampMillis"]), int(entry["EndTimestampMillis"])
    if "ShotSegment" in entry:
        shot = entry["ShotSegment"]
        return Span(f"Shot {shot['Index']}", begin, end, float(shot["Confidence"]))
    cue = entry["TechnicalCueSegment"]
    return Span(cue["Type"], begin, end, float(cue["Confidence"]))


KIND = JobKind(
    name="segments",
    start="StartSegmentDetection",
    get="GetSegmentDetection",
    summary="shots, and technical cues",
    listed="Segments",
    span=span,
    parameters={"SegmentTypes": ["TECHNICAL_CUE", "SHOT"]},
)
