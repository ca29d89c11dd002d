"""Which frames are taken of videos, and how much of a video is looked at: what the settings say, and the decoder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

from sightline.storage.buckets.protocol import MIB
from sightline.video.choosing import FrameChoice, Picture, Seen

_DESCRIPTORS = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """What is taken of each video.

    most_frames: that can be agreed to for one video
    together: so many frames are stored, added and noted together: what a kill repeats at most
    """

    choice: FrameChoice = field(default_factory=FrameChoice)
    most_frames: int = 300
    most_seconds: float = 900.0
    most_bytes: int = 512 * MIB
    together: int = 10

    @contextmanager
    def opened(self, path: Path, subject: str) -> Iterator[tuple[float, Iterator[Seen]]]:
        """Open a video; give its length in seconds by its header (0 if that does not say) and its frames."""
        from sightline.video import decoding  # noqa: PLC0415 - OpenCV takes 40 MB, which other processes need not

        with decoding.opened(path, subject, self.most_seconds) as clip:
            yield clip.seconds or 0.0, decoding.frames(clip, self.most_seconds)

    @staticmethod
    def codec_of(path: Path) -> str:
        """Return the four letters of a video's codec."""
        from sightline.video import decoding  # noqa: PLC0415 - as above

        return decoding.codec_of(path)

    @staticmethod
    def as_jpeg(picture: Picture) -> bytes:
        """Return a frame as its object holds it."""
        from sightline.video import decoding  # noqa: PLC0415 - as above

        return decoding.as_jpeg(picture)


@contextmanager
def nameless_file() -> Iterator[tuple[IO[bytes], Path]]:
    """Give a temporary file and a path by which it can be opened while this block lasts.

    Where Linux's /proc is there it has no name on disk, so that a killed process leaves nothing behind.
    """
    if _DESCRIPTORS.exists():
        with TemporaryFile() as file:
            yield file, _DESCRIPTORS / str(file.fileno())
    else:
        with NamedTemporaryFile(prefix="sightline-video-") as named:
            yield named, Path(named.name)
