"""Clips that tests make themselves: each frame says by its brightness which one it is."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from sightline.video.choosing import Picture

FRAMES_A_SECOND = 10
SIZE = (160, 120)


def plain(shade: int) -> Picture:
    """Return a picture of one brightness, 0 to 255."""
    return np.full((SIZE[1], SIZE[0], 3), shade, np.uint8)


def make_clip(path: Path, pictures: Iterable[Picture], codec: str = "mp4v", rate: float = FRAMES_A_SECOND) -> Path:
    """Write a clip; the container follows from the suffix. All pictures have one size."""
    writer = None
    for picture in pictures:
        size = (picture.shape[1], picture.shape[0])
        writer = writer or cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
        writer.write(picture)
    if writer is None:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, SIZE)
    writer.release()
    return path


def seconds_of(count: int, shades: Iterable[int] = range(40, 240, 30)) -> list[Picture]:
    """Return the pictures of so many seconds, each second of its own brightness."""
    some = list(shades)
    return [plain(some[second % len(some)]) for second in range(count) for _ in range(FRAMES_A_SECOND)]


def clip_bytes(folder: Path, count: int = 6, suffix: str = "mp4", codec: str = "mp4v") -> bytes:
    """Return the bytes of a clip of so many seconds."""
    return make_clip(folder / f"clip.{suffix}", seconds_of(count), codec).read_bytes()
