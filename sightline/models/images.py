"""The image row: what sightline knows of one image, and the states it goes through.

received → analysing → analysed → complete; `rejected` (the image itself is bad), `gone` (its object is deleted),
`stuck` (its steps failed repeatedly for a reason of its own: a dead letter names it, and a redrive starts again).
`imported`: another system has paid for an answer, and the image has not been read here yet; ingest leaves this state.
Adding an image in one of these four states makes it `received` again. An event of S3 that tells of other bytes does so
in any state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sightline.errors import NewerVersion
from sightline.models.answers import Finding
from sightline.models.stored import StoredEnum


class State(StoredEnum):
    """Where an image stands."""

    RECEIVED = "received"
    ANALYSING = "analysing"
    ANALYSED = "analysed"
    COMPLETE = "complete"
    REJECTED = "rejected"
    GONE = "gone"
    STUCK = "stuck"
    IMPORTED = "imported"


class Lane(StoredEnum):
    """Priority: `live` goes before `backfill`."""

    LIVE = "live"
    BACKFILL = "backfill"


class ResultStatus(StoredEnum):
    """How one wanted analysis ended for this image."""

    ANSWERED = "answered"
    REJECTED = "rejected"


class AskedBy(StoredEnum):
    """How the detector was given what it answered about: the object's name, the bytes themselves, or a held copy."""

    NAME = "name"
    BYTES = "bytes"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an image or one of its parts was refused: the error's class name, and its three parts as one sentence."""

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What an image that ended was judged by.

    at: when reading the object began, by our clock; etag: of the object, None if it was missing or not read at all
    """

    at: datetime
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class FeatureResult:
    """One settled analysis as the image row keeps it. An empty finding means: analysed, and nothing found.

    left_out: how many detections did not fit into the row; the ledger has them all
    asked_by: not by name where answers about the object were dropped again and again
    """

    analysis_id: str
    status: ResultStatus
    finding: Finding = ()
    cut_percent: float | None = None
    model_version: str = ""
    rejection: Rejection | None = None
    left_out: int = 0
    asked_by: AskedBy = AskedBy.NAME

    @property
    def unknown_below_percent(self) -> float | None:
        """Return below which confidence nothing is known: the request's cut, or the lowest that fits into the row."""
        if not self.left_out or not self.finding:
            return self.cut_percent
        return max(min(confidence for _, confidence in self.finding), self.cut_percent or 0.0)


@dataclass(frozen=True, slots=True, order=True)
class CameraDay:
    """One camera's capture day, YYYY-MM-DD in the camera's time zone: the unit of parity and of figures."""

    camera: str
    day: str

    @classmethod
    def parse(cls, text: str) -> "CameraDay":
        """Read what `str` wrote; a camera's name may hold the separator, a day never does."""
        camera, _, day = text.rpartition("#")
        return cls(camera, day)

    def __str__(self) -> str:
        return f"{self.camera}#{self.day}"


UPLOAD_TIME = "last_modified"
"""The source of a capture time that nothing but the upload tells."""

OF_A_VIDEO = "video"
"""The source of a capture time that is its video's beginning and the frame's offset."""

MOVED = "clock"
"""The source of a capture time that `sightline clock` moved."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The image of the same burst whose answer another one is shown with, as they look alike.

    content_sha256: of the bytes that look alike: with others the image stands in for nobody
    distance: bits in which the fingerprints differ
    is_only_compared: the image is in the control slice and has answers of its own; by the rules it would have had none
    """

    image_id: str
    content_sha256: str
    distance: int
    is_only_compared: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """When and where the picture was taken.

    taken_at: aware, with the camera's own UTC offset, so that its date and hour are the camera's
    source: the rule that it came from: `key`, `metadata`, `exif`, `last_modified`, `video` for one of its frames, or
    `clock` if an operator moved it
    ignored: what better sources said that is no time, or none that can be believed
    doubt: why the camera's clock was probably wrong; empty if nothing speaks against it
    read_at, read_source: what stood here before `sightline clock` moved it, in which of its corrections
    video, offset_ms: of which video this is a frame, by its URI, and how long after the video's beginning it was shown
    stand_in: which picture of the same burst it looks like; it is here because the index by day tells it
    """

    camera: str
    taken_at: datetime
    source: str
    ignored: tuple[str, ...] = ()
    doubt: str = ""
    read_at: datetime | None = None
    read_source: str = ""
    correction: int = 0
    video: str = ""
    offset_ms: int = 0
    stand_in: StandIn | None = None

    @property
    def shown_with(self) -> StandIn | None:
        """Return the image that stands in for this one, which is not paid for; None for all others."""
        return None if self.stand_in is None or self.stand_in.is_only_compared else self.stand_in

    @property
    def day(self) -> str:
        """Return the capture day, YYYY-MM-DD in the camera's time zone."""
        return self.taken_at.date().isoformat()

    @property
    def camera_day(self) -> CameraDay:
        """Return camera and capture day."""
        return CameraDay(self.camera, self.day)

    @property
    def tells_when_it_was_taken(self) -> bool:
        """Return whether something else than the upload tells the time."""
        return self.source != UPLOAD_TIME

    def is_same_as(self, other: "Capture") -> bool:
        """Return whether these are equal, the UTC offsets too: times of different zones are equal as instants."""
        return self == other and self.taken_at.utcoffset() == other.taken_at.utcoffset()


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes behind an image at the moment it was read.

    sha256: hex; etag: as S3 gave it, without quotes; version: S3's version id, where the bucket keeps versions
    last_modified: when S3 took the bytes, in whole seconds; None in rows from before it was kept
    """

    sha256: str
    etag: str
    size_bytes: int
    width_pixels: int
    height_pixels: int
    version: str | None = None
    last_modified: datetime | None = None

    def is_same_as(self, other: "Content") -> bool:
        """Return whether these are the same bytes, whenever they were uploaded."""
        return self == replace(other, last_modified=self.last_modified)


DROPS_LAST = timedelta(days=1)
"""How long after the last one dropped answers still count."""


@dataclass(frozen=True, slots=True)
class Drops:
    """How many answers were dropped because the object was overwritten during the call, and when the last one was."""

    count: int
    at: datetime

    def are_recent(self, now: datetime) -> bool:
        """Return whether they still count."""
        return now - self.at < DROPS_LAST


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image.

    wanted: feature → analysis id, fixed at ingest; every later step takes the id from here
    version: + 1 with each change that the graph must show; `merged_version` is the one the graph shows
    rounds: how often the reconciler sent a step that then failed for this image's own reason
    failure: the last such failure since the row was looked at; the next look counts it as one round
    sent_at: when the messages that the row waits for were last sent
    feed_position: ULID of the last write that the sync must see
    drops: None in rows of images whose answers were never dropped, and in rows from before these were counted here
    listed: the capture by which the index by day lists the row; None: it does not, or by an older capture
    judged: what the last end was judged by; None in rows that never ended, and in rows from before this was kept
    was_other: it had other bytes, or answers of its own, and others may be shown with those; until it is analysed
    """

    image_id: str
    lane: Lane
    state: State
    received_at: datetime
    version: int = 0
    merged_version: int = 0
    content: Content | None = None
    capture: Capture | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, FeatureResult] = field(default_factory=dict)
    rejection: Rejection | None = None
    rounds: int = 0
    next_check_at: datetime | None = None
    feed_position: str | None = None
    failure: Rejection | None = None
    sent_at: datetime | None = None
    drops: Drops | None = None
    listed: Capture | None = None
    judged: Judged | None = None
    was_other: bool = False

    @property
    def is_known(self) -> bool:
        """Return whether this version knows all values of the row; if not, only a newer version may change it."""
        return self.state.is_known and self.lane.is_known and all(each.status.is_known for each in self.parts.values())

    def require_known(self) -> None:
        """Raise NewerVersion if this version does not know all values of the row."""
        if not self.is_known:
            raise NewerVersion(self.image_id)

    def unsettled(self) -> list[str]:
        """Name the wanted features that have no part of the wanted analysis yet, in alphabetical order."""
        return sorted(f for f, wanted in self.wanted.items() if not self._is_settled(f, wanted))

    def _is_settled(self, feature: str, wanted: str) -> bool:
        part = self.parts.get(feature)
        return part is not None and part.analysis_id == wanted

    @property
    def shown_with(self) -> StandIn | None:
        """Return the image whose answer this one is shown with; None if it is paid for itself."""
        return self.capture.shown_with if self.capture else None

    @property
    def is_analysed(self) -> bool:
        """Return whether all that was wanted of the image is settled, and no end took its place."""
        return self.state in {State.ANALYSED, State.COMPLETE}

    @property
    def is_stuck_as_shown(self) -> bool:
        """Return whether the image got stuck when the graph already showed all of it, which must stay so.

        One that wants nothing had ended when it was asked for again: the graph may show it as gone.
        """
        is_whole = bool(self.wanted) or self.shown_with is not None
        return self.state is State.STUCK and self.merged_version == self.version and is_whole

    @property
    def is_merge_due(self) -> bool:
        """Return whether the graph has yet to show this row."""
        if self.state in {State.REJECTED, State.GONE}:
            return 0 < self.merged_version < self.version
        return self.state is State.ANALYSED and self.merged_version < self.version

    def summary(self) -> "ImageSummary | None":
        """Return the row as the index by camera and day has it once it is listed; None if its image was never read."""
        if self.content is None or self.capture is None:
            return None
        content, capture = self.content, self.capture
        return ImageSummary(
            self.image_id, self.state, self.version, capture, content.sha256, self.parts, content.last_modified
        )


class UnfinishedPlace(NamedTuple):
    """A place in one shard of the unfinished. An entry need not stand there any more."""

    next_check_at: datetime
    image_id: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An entry of the sparse index of rows that still need work."""

    image_id: str
    state: State
    version: int
    next_check_at: datetime

    @property
    def place(self) -> UnfinishedPlace:
        """Return where the entry stands in its shard."""
        return UnfinishedPlace(self.next_check_at, self.image_id)


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """An entry of the index by camera and day: the short form of findings, no boxes."""

    image_id: str
    state: State
    version: int
    capture: Capture
    content_sha256: str
    parts: Mapping[str, FeatureResult]
    uploaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry of the feed: `image_id` reached `version` at `position` (ULID of the write).

    camera_day: where it was taken; None for an image that was refused before that was known
    """

    image_id: str
    version: int
    position: str
    camera_day: CameraDay | None = None
