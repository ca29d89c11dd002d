"""What a store of jobs on stored videos does."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from sightline.models.video_jobs import JobState, VideoJob


class VideoJobStore(Protocol):
    """Rows by id, each of whose writes requires that nobody has changed it; and the places of jobs that run."""

    def add(self, job: VideoJob) -> VideoJob:
        """Add a row unless there is one with this id; return the one that is there then."""

    def get(self, job_id: str) -> VideoJob | None:
        """Read one row, consistently."""

    def save(self, seen: VideoJob, now: VideoJob) -> VideoJob | None:
        """Write a row in place of the one that was seen; return it, or None if that has changed meanwhile."""

    def due(self, before: datetime, *, is_started: bool) -> Iterator[VideoJob]:
        """Yield rows whose check is due before a time, soonest first: of jobs that wait, or that were started.

        Eventually consistent.
        """

    def count_by_state(self) -> Mapping[JobState, int]:
        """Count the jobs that wait, that were started, and that failed; eventually consistent.

        Started ones count until the graph shows them, failed ones until they are started again.
        """

    def take_place(self, job_id: str, most: int) -> bool:
        """Take one of `most` places for a job; return whether it has one. Taken again it is the same place."""

    def leave_place(self, job_id: str) -> None:
        """Give a job's place back, if it has one."""

    def places(self) -> Mapping[str, datetime]:
        """Return the jobs that have a place, and since when."""
