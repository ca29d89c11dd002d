"""The video row: what sightline knows of one video, and which of its frames it has taken.

received → taken, or `rejected` (the video is bad), or `gone` (its object is deleted). Adding it in any state makes it
`received` again: it is looked at once more, and what was taken of the same bytes stays taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sightline.models.images import Lane, Rejection
from sightline.models.stored import StoredEnum


class VideoState(StoredEnum):
    """Where a video stands."""

    RECEIVED = "received"
    TAKEN = "taken"
    REJECTED = "rejected"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Take:
    """The frames of one content of a video.

    take_id: 32 hex digits, of the video's URI and the SHA-256 of its bytes: the name of the frames' folder
    etag: of the object when it was read; starts_at: when its first frame was shown, aware, in the camera's offset
    source: what told that: `key`, `metadata` or `last_modified`; offsets_ms: of the frames that are taken, in order
    """

    take_id: str
    etag: str
    camera: str
    starts_at: datetime
    source: str
    offsets_ms: tuple[int, ...] = ()

    def taken_at(self, offset_ms: int) -> datetime:
        """Return when a frame was shown, in the camera's offset."""
        return self.starts_at + timedelta(milliseconds=offset_ms)


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One video.

    most_frames: no more are taken, and paid for, of one content; changes: + 1 with each write, which requires it
    take: of the bytes that were read last; replaced: of bytes that were overwritten, whose frames are being removed
    jobs: kind → id of the row of the newest job of that kind; written by itself, and by no other write
    rounds: how often taking failed for the video's own reason, since it was received
    """

    video_id: str
    lane: Lane
    state: VideoState
    received_at: datetime
    most_frames: int
    changes: int = 0
    take: Take | None = None
    replaced: tuple[Take, ...] = ()
    rejection: Rejection | None = None
    rounds: int = 0
    next_check_at: datetime | None = None
    sent_at: datetime | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_due(self) -> bool:
        """Return whether something is left to do."""
        return self.state is VideoState.RECEIVED or bool(self.replaced)

    def replaced_frames(self) -> Iterator[tuple[Take, int]]:
        """Yield each frame that is to be removed, with the take that it belongs to."""
        yield from ((take, offset_ms) for take in self.replaced for offset_ms in take.offsets_ms)
