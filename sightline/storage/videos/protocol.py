"""What a store of videos does."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sightline.models.images import Lane
from sightline.models.videos import VideoRow


class VideoStore(Protocol):
    """Rows by URI. Each write of a row requires that nobody has changed it since it was read."""

    def setup(self) -> None:
        """Create table and index if they are missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def add(self, video_id: str, lane: Lane, most_frames: int) -> bool:
        """Receive a video, again if it is known; return whether it is new. What was taken of it stays."""

    def get(self, video_id: str) -> VideoRow | None:
        """Read one row, consistently."""

    def save(self, seen: VideoRow, now: VideoRow) -> VideoRow | None:
        """Write a row in place of the one that was seen; return it, or None if that has changed meanwhile."""

    def note_job(self, video_id: str, kind: str, job_id: str) -> None:
        """Note the newest job of a kind on a video's row, if there is one; no other write touches these notes."""

    def due(self, before: datetime) -> Iterator[VideoRow]:
        """Yield the rows whose check is due before a time, soonest first. Eventually consistent."""
