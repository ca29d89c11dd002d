"""What a job may read, by AWS's rules, and one picture of each second of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from dev.rekognition.content import Content
from sightline.errors import SightlineError
from sightline.models.answers import Json
from sightline.video.choosing import FrameChoice, Seen, choose
from sightline.video.containers import HEAD_BYTES
from sightline.video.decoding import Clip, as_jpeg, frames, opened

MOST_SECONDS = 6 * 3600.0

_H264 = (b"h264", b"avc1", b"H264", b"AVC1")
_EACH_SECOND = FrameChoice(every_ms=1000)


class UnfitVideo(Exception):
    """A video that AWS does not analyse: its job fails with these words."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video that is being looked at. metadata: AWS's VideoMetadata; seconds: a picture of each, as it is reached."""

    metadata: Json
    seconds: Iterator[tuple[int, Content]]


@contextmanager
def video(path: Path, subject: str) -> Iterator[Video]:
    """Open a video; raise UnfitVideo unless it is H.264 in MP4 or MOV, by its content, of at most six hours."""
    with path.open("rb") as file:
        if file.read(HEAD_BYTES)[4:8] not in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
            raise UnfitVideo("Unsupported container: the local endpoint reads MP4 and MOV, as AWS does")
    try:
        with opened(path, subject, MOST_SECONDS) as clip:
            yield Video(_metadata(clip), _seconds(clip))
    except SightlineError as error:
        raise UnfitVideo(str(error)) from error


def _metadata(clip: Clip) -> Json:
    codec = int(clip.capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    if codec not in _H264:
        raise UnfitVideo(f"Unsupported codec {codec.decode('latin-1')}: the local endpoint reads H.264, as AWS does")
    return {
        "Codec": "h264",
        "DurationMillis": round((clip.seconds or 0) * 1000),
        "Format": "QuickTime / MOV",
        "FrameRate": clip.frames_a_second,
        "FrameHeight": int(clip.capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        "FrameWidth": int(clip.capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        "ColorRange": "LIMITED",
    }


def _seconds(clip: Clip) -> Iterator[tuple[int, Content]]:
    for frame in choose(frames(clip, MOST_SECONDS), _EACH_SECOND):
        yield frame.offset_ms, _content(frame)


def _content(frame: Seen) -> Content:
    return Content(as_jpeg(frame.picture()))
