"""Videos decoded by OpenCV: one frame in memory at a time, and nothing converted that is not taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from sightline.video.choosing import Picture, Seen
from sightline.video.containers import HEAD_BYTES, require_container
from sightline.video.offsets import MOST_RATE, offsets_ms
from sightline.video_errors import TruncatedVideo, UnreadableVideo, VideoTooLong

JPEG_QUALITY = 92
"""As good as a camera's own snapshots; the same frame always gives the same bytes."""

WHOLE_FROM = 0.9
"""A video that ends before this part of what its header says, and over two seconds before, is truncated."""

_SLACK_MS = 2000

_MOST_HEADER_FRAMES = 100_000_000
"""More than this in a header is no number of frames."""


@dataclass(frozen=True, slots=True)
class Clip:
    """An open video. seconds: how long it is by its header; None if that does not say."""

    subject: str
    capture: Any
    frames_a_second: float
    seconds: float | None


@contextmanager
def opened(path: Path, subject: str, most_seconds: float) -> Iterator[Clip]:
    """Open a file; raise NotAVideo, UnreadableVideo, or VideoTooLong if its header says more than `most_seconds`."""
    with path.open("rb") as file:
        require_container(subject, file.read(HEAD_BYTES))
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            rule = (
                f"{UnreadableVideo.rule}; its index is missing, as in a file that was cut off, or its codec is unknown"
            )
            raise UnreadableVideo(subject, rule=rule)
        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        seconds = count / rate if 0 < rate <= MOST_RATE and 0 < count < _MOST_HEADER_FRAMES else None
        _require_short(subject, seconds or 0, most_seconds)
        yield Clip(subject, capture, rate, seconds)
    finally:
        capture.release()


def codec_of(path: Path) -> str:
    """Return the four letters of a video's codec, by the file and not by its name; empty if it cannot be opened."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").strip(b"\0").decode("latin-1")
    finally:
        capture.release()


def frames(clip: Clip, most_seconds: float) -> Iterator[Seen]:
    """Yield every frame, once. Raise VideoTooLong, UnreadableVideo if there is none, TruncatedVideo at the end."""
    seen = None
    for offset_ms in offsets_ms(_timestamps(clip.capture), clip.frames_a_second):
        _require_short(clip.subject, offset_ms / 1000, most_seconds)
        seen = Seen(offset_ms, lambda: _picture(clip))
        yield seen
    if seen is None:
        raise UnreadableVideo(clip.subject, rule=f"{UnreadableVideo.rule}; it holds none that can be read")
    _require_whole(clip, seen.offset_ms)


def as_jpeg(picture: Picture) -> bytes:
    """Return a picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def _timestamps(capture: Any) -> Iterator[float]:
    while capture.grab():
        yield capture.get(cv2.CAP_PROP_POS_MSEC)


def _picture(clip: Clip) -> Picture:
    is_decoded, picture = clip.capture.retrieve()
    if not is_decoded:
        raise UnreadableVideo(clip.subject, rule="each frame that is taken must decode")
    decoded: Picture = picture
    return decoded


def _require_short(subject: str, seconds: float, most_seconds: float) -> None:
    if seconds > most_seconds:
        raise VideoTooLong(
            subject, rule=f"{VideoTooLong.rule}, which is {most_seconds / 60:g}; it lasts {seconds / 60:,.1f} minutes"
        )


def _require_whole(clip: Clip, last_ms: int) -> None:
    header_ms = (clip.seconds or 0) * 1000
    if last_ms < header_ms * WHOLE_FROM and header_ms - last_ms > _SLACK_MS:
        rule = f"{TruncatedVideo.rule}; it ends after {last_ms / 1000:.1f} of {header_ms / 1000:.1f} seconds"
        raise TruncatedVideo(clip.subject, rule=rule)
