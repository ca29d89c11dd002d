"""The in-memory fake of the store of videos."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from threading import Lock

from typing_extensions import override

from sightline.models.images import Lane
from sightline.models.videos import VideoRow, VideoState
from sightline.storage.videos.protocol import VideoStore
from sightline.timing import CHECK_AFTER


class InMemoryVideoStore(VideoStore):
    """Rows in a dictionary. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._rows: dict[str, VideoRow] = {}
        self._lock = Lock()

    @override
    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    @override
    def add(self, video_id: str, lane: Lane, most_frames: int) -> bool:
        now = self._clock()
        with self._lock:
            before = self._rows.get(video_id)
            row = before or VideoRow(video_id, lane, VideoState.RECEIVED, now, most_frames)
            self._rows[video_id] = replace(
                row,
                lane=lane,
                state=VideoState.RECEIVED,
                received_at=now,
                most_frames=most_frames,
                changes=row.changes + 1,
                rounds=0,
                next_check_at=now + CHECK_AFTER,
                sent_at=now,
            )
            return before is None

    @override
    def get(self, video_id: str) -> VideoRow | None:
        return self._rows.get(video_id)

    @override
    def save(self, seen: VideoRow, now: VideoRow) -> VideoRow | None:
        with self._lock:
            standing = self._rows.get(seen.video_id)
            if standing is None or standing.changes != seen.changes:
                return None
            self._rows[seen.video_id] = replace(now, changes=seen.changes + 1, jobs=standing.jobs)
            return self._rows[seen.video_id]

    @override
    def note_job(self, video_id: str, kind: str, job_id: str) -> None:
        with self._lock:
            if row := self._rows.get(video_id):
                self._rows[video_id] = replace(row, jobs={**row.jobs, kind: job_id})

    @override
    def due(self, before: datetime) -> Iterator[VideoRow]:
        found = [(row.next_check_at, row) for row in self._rows.values() if row.next_check_at]
        yield from (row for at, row in sorted(found, key=lambda each: each[0]) if at < before)
