"""Take frames of a video: each becomes an object of sightline's own, and an image like any other.

The row says what is taken. An object comes before its image's row, that row before its message, and all three before
the video's row is told: killed anywhere, the next turn decodes again and stores and adds what is missing. A frame's
name follows from the video's bytes and the frame's offset, so that nothing comes twice, and analyses are kept by the
frame's bytes, so that nothing is paid for twice.

Bounded: the object goes to a temporary file of at most so many bytes, one frame is in memory at a time, and a turn ends
after a while and sends itself again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import IO

from sightline.errors import BadMessage, ImageChanged, ImageMissing, NewerVersion, ObjectRefused, RejectedError
from sightline.models.bucket_refusals import Reader
from sightline.models.images import UPLOAD_TIME, Capture, Lane, Rejection, State
from sightline.models.videos import Take, VideoRow, VideoState
from sightline.queues.publishing import Publish
from sightline.queues.steps import TAKE, ingest_step, take_step
from sightline.services.bucket_gate import BucketGate
from sightline.services.dead_letters import close_replaced, write_dead_letter
from sightline.services.frame_names import frame_metadata, frame_uri, take_id
from sightline.services.ingest import Producer, add_images
from sightline.services.video_plan import VideoPlan, nameless_file
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations
from sightline.storage.videos.protocol import VideoStore
from sightline.timing import CHECK_AFTER, RUN_LIMIT
from sightline.video.choosing import Seen, choose
from sightline.video_errors import TooManyFrames, VideoTooSlow


class TurnIsOver(Exception):
    """The time of a turn is up, or the process is to stop."""


@dataclass(frozen=True, slots=True)
class FrameTaker:
    """Takes the frames of one video at a time. checkpoint_bucket: where their objects are put."""

    videos: VideoStore
    images: ImageStore
    buckets: Buckets
    operations: Operations
    video_plan: VideoPlan
    read_capture: Callable[[ObjectHead, bytes], Capture]
    bucket_gate: BucketGate
    checkpoint_bucket: str
    clock: Callable[[], datetime]
    stopping: Event

    def take(self, video_id: str, lane: Lane, send: Publish) -> None:
        """Take what is missing of a video's frames, and remove those of bytes that were overwritten.

        A bad video ends here: its row and a dead letter say why, and frames that were good stay. Raises BadMessage if
        nobody added it, ImageChanged if its row was changed meanwhile, BucketWaits and ObjectRefused as `BucketGate`.
        """
        row = self._row(video_id)
        if row.state is VideoState.RECEIVED:
            row = self._receive(row, lane, send)
        if row.state is not VideoState.RECEIVED and row.replaced:
            self._remove_replaced(row, send)

    def _row(self, video_id: str) -> VideoRow:
        row = self.videos.get(video_id)
        if row is None:
            rule = "a video must be added before its frames are taken: its row says how many may be paid for"
            raise BadMessage(video_id, rule=rule, remedy="Add it with `sightline add`; see docs/video.md")
        if not (row.state.is_known and row.lane.is_known):
            raise NewerVersion(video_id)
        return row

    def _receive(self, row: VideoRow, lane: Lane, send: Publish) -> VideoRow:
        before = row.rejection
        turn = Turn(self, row, send)
        try:
            turn.run()
        except TurnIsOver:
            send([take_step(row.video_id, lane)])
            return turn.row
        except ObjectRefused:
            raise  # it may be good: others of its bucket can be read
        except RejectedError as error:
            return self._reject(turn.row, error)
        done = self.save(turn.row, replace(turn.row, state=VideoState.TAKEN, rejection=None))
        close_replaced(row.video_id, before, None, self.operations)
        return done

    def _reject(self, row: VideoRow, error: RejectedError) -> VideoRow:
        """End a video. One whose object was deleted after it was taken needs no dead letter: its frames stay."""
        is_missing = isinstance(error, ImageMissing)
        if not (is_missing and row.take):
            message = {"args": [row.video_id, row.lane]}
            write_dead_letter(
                error,
                step=TAKE,
                message=message,
                image_id=row.video_id,
                operations=self.operations,
                clock=self.clock,
            )
        why = Rejection(type(error).__name__, str(error))
        close_replaced(row.video_id, row.rejection, why, self.operations)
        state = VideoState.GONE if is_missing else VideoState.REJECTED
        return self.save(row, replace(row, state=state, rejection=why))

    def save(self, seen: VideoRow, now: VideoRow) -> VideoRow:
        """Write a row, and when it is looked at again if something is left to do; raise ImageChanged if it changed."""
        at = self.clock()
        check, sent_at = (at + CHECK_AFTER, at) if now.is_due else (None, None)
        written = self.videos.save(seen, replace(now, next_check_at=check, sent_at=sent_at))
        if written is None:
            raise ImageChanged(seen.video_id)
        return written

    def _remove_replaced(self, row: VideoRow, send: Publish) -> None:
        """Delete the frames of bytes that were overwritten; the row forgets them once each image is gone.

        One whose first analysis is under way is left to the next look, in two minutes.
        """
        uris = [str(frame_uri(self.checkpoint_bucket, take, offset)) for take, offset in row.replaced_frames()]
        rows = self.images.get_many(uris)
        left = [uri for uri in uris if uri in rows and rows[uri].state is not State.GONE]
        for uri in left:
            if rows[uri].state not in {State.RECEIVED, State.ANALYSING}:
                self.buckets.delete(ObjectUri.parse(uri))
                send([ingest_step(uri, rows[uri].lane)])
        self.save(row, replace(row, replaced=row.replaced if left else ()))


@dataclass(slots=True)
class Turn:
    """One turn at one video.

    row: as it was last written; offsets: of all frames that are stored; new: the images that are to be added
    """

    taker: FrameTaker
    row: VideoRow
    send: Publish
    began_at: datetime = field(init=False)
    offsets: list[int] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    stored: int = 0

    def __post_init__(self) -> None:
        self.began_at = self.taker.clock()

    def run(self) -> None:
        """Download the video and take its frames. Raise what is wrong with it, or TurnIsOver."""
        with nameless_file() as (file, path):
            uri = ObjectUri.parse(self.row.video_id)
            with self.taker.bucket_gate.reading(str(uri), Reader.S3):
                head = self.taker.buckets.read_into(uri, file, self.taker.video_plan.most_bytes)
            file.flush()
            digest = sha256_of(file)
            with self.taker.video_plan.opened(path, str(uri)) as (seconds, frames):
                self._begin(head, digest, seconds)
                try:
                    self._take(choose(self._in_time(frames), self.taker.video_plan.choice))
                finally:
                    self._note()

    def _begin(self, head: ObjectHead, digest: str, seconds: float) -> None:
        """Note of which bytes frames are now taken; those of others are to be removed."""
        before, video_id = self.row.take, self.row.video_id
        name = take_id(video_id, digest)
        if before and before.take_id == name:
            self.offsets = list(before.offsets_ms)
            return
        take = _new_take(name, head, self.taker.read_capture(head, b""), seconds)
        others = tuple(each for each in self.row.replaced if each.take_id != name)
        replaced = (*others, *([before] if before else []))
        self.row = self.taker.save(self.row, replace(self.row, take=take, replaced=replaced))

    def _in_time(self, frames: Iterator[Seen]) -> Iterator[Seen]:
        """Pass frames on until the turn is over. One that has stored nothing would be followed by others like it."""
        for frame in frames:
            is_late = self.taker.clock() - self.began_at > RUN_LIMIT
            if is_late and not self.stored:
                raise VideoTooSlow(self.row.video_id, rule=f"{VideoTooSlow.rule} of {RUN_LIMIT.total_seconds():g} s")
            if is_late or self.taker.stopping.is_set():
                raise TurnIsOver
            yield frame

    def _take(self, chosen: Iterator[Seen]) -> None:
        """Store the frames that are missing, and add all: one that is known may be asked other things by now."""
        known = set(self.offsets)
        for frame in chosen:
            if frame.offset_ms not in known:
                self._require_agreed()
                self._store(frame)
            self.new.append(str(frame_uri(self.taker.checkpoint_bucket, self._of(), frame.offset_ms)))
            if len(self.new) >= self.taker.video_plan.together:
                self._note()

    def _require_agreed(self) -> None:
        if len(self.offsets) >= self.row.most_frames:
            raise TooManyFrames(
                self.row.video_id, rule=f"{TooManyFrames.rule}, which is {self.row.most_frames:,} of this video"
            )

    def _store(self, frame: Seen) -> None:
        """Keep a frame as an object; one that is there already stays as it is."""
        take = self._of()
        uri = frame_uri(self.taker.checkpoint_bucket, take, frame.offset_ms)
        data = self.taker.video_plan.as_jpeg(frame.picture())
        metadata = frame_metadata(self.row.video_id, take.taken_at(frame.offset_ms))
        self.taker.buckets.put(uri, data, if_none_match=True, metadata=metadata)
        self.offsets.append(frame.offset_ms)
        self.stored += 1

    def _note(self) -> None:
        """Add images, then note on the video's row that they are there."""
        if self.new:
            producer = Producer(self.taker.images, self.taker.videos, self.taker.operations, self.taker.clock)
            add_images(self.new, self.row.lane, producer, self.send)
            take = replace(self._of(), offsets_ms=tuple(sorted(self.offsets)))
            self.row = self.taker.save(self.row, replace(self.row, take=take))
            self.new = []

    def _of(self) -> Take:
        if self.row.take is None:
            raise ValueError("a turn has begun before it takes a frame")
        return self.row.take


def _new_take(name: str, head: ObjectHead, capture: Capture, seconds: float) -> Take:
    """Say when a video began. One of which only the upload is known ended then."""
    length = timedelta(seconds=seconds) if capture.source == UPLOAD_TIME else timedelta(0)
    starts_at = (capture.taken_at.astimezone(UTC) - length).astimezone(capture.taken_at.tzinfo)
    return Take(name, head.etag, capture.camera, starts_at, capture.source)


def sha256_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of a file from its beginning, in hex."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a temporary file is one
