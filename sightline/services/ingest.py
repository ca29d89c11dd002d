"""Ingest: look at the object, decide what to ask of it, and write that down before anything is sent."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from sightline.errors import (
    EmptyImage,
    ImageChanged,
    ImageMissing,
    ImageNotYetThere,
    ImageNotYetWritten,
    InvalidUri,
    ObjectRefused,
    RejectedError,
    SightlineError,
    TooManyBytes,
)
from sightline.models.bucket_refusals import Reader
from sightline.models.images import (
    CameraDay,
    Capture,
    Content,
    FeatureResult,
    ImageRow,
    Judged,
    Lane,
    Rejection,
    State,
)
from sightline.queues.publishing import BATCH, Publish, publish
from sightline.queues.steps import INGEST, Step, ingest_step, next_steps, take_step
from sightline.rekognition.preflight import inspect_picture
from sightline.services.bucket_gate import BucketGate
from sightline.services.capture import standing_capture
from sightline.services.clock_doubts import ClockDoubts
from sightline.services.dead_letters import close_replaced, write_dead_letter
from sightline.services.held import HeldBytes
from sightline.services.imported import adopt_import
from sightline.services.other_files import OWN_OBJECT, is_own, skipped_suffix
from sightline.services.plan import Plan
from sightline.services.rejection_breaker import RejectionBreaker, is_unread
from sightline.services.similar_keys import explained
from sightline.services.stand_ins import StandIns, dismiss
from sightline.services.usage import CallCounter
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri
from sightline.storage.capture_counts import counted_of
from sightline.storage.images.protocol import ImageStore
from sightline.storage.images.transitions import new_row
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations
from sightline.storage.videos.protocol import VideoStore
from sightline.timing import EMPTY_FOR
from sightline.video.containers import is_video_key

if TYPE_CHECKING:  # it holds an Ingest
    from sightline.services.collaborators import Services


@dataclass(slots=True)
class Added:
    """What became of the image ids that a producer gave: how many were new or known, and which were refused."""

    new: int = 0
    known: int = 0
    refused: list[InvalidUri] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Producer:
    """All that adding images uses, so that a producer needs no other server and no other right."""

    images: ImageStore
    videos: VideoStore
    operations: Operations
    clock: Callable[[], datetime]


def add_images(
    image_ids: Iterable[str],
    lane: Lane,
    services: "Services | Producer",
    send: Publish = publish,
    *,
    most_frames: int = 0,
) -> Added:
    """Add images by id (`s3://bucket/key`): the row first, then the message. Adding one twice costs nothing extra.

    most_frames: above 0, what has the suffix of a video is added as one, of which at most so many frames are taken
    """
    added = Added()
    valid = _valid_ids(image_ids, added.refused)
    while chunk := list(islice(valid, BATCH)):
        videos = [each for each in chunk if most_frames and is_video_key(each)]
        images = [each for each in chunk if each not in videos] if videos else chunk
        rows = [*services.images.add_many(images, lane)]
        rows += [(each, services.videos.add(each, lane, most_frames)) for each in videos]
        new = {each for each, is_new in rows if is_new}
        added.new += len(new)
        added.known += len(rows) - len(new)
        send(ingest_step(image_id, lane, is_new=image_id in new) for image_id in images)
        if videos:
            send(take_step(video_id, lane) for video_id in videos)
    for error in added.refused:
        message = {"uri": error.subject}
        write_dead_letter(
            error, step=INGEST, message=message, image_id=None, operations=services.operations, clock=services.clock
        )
    return added


def _valid_ids(image_ids: Iterable[str], refused: list[InvalidUri]) -> Iterator[str]:
    for image_id in image_ids:
        try:
            yield str(ObjectUri.parse(image_id))
        except InvalidUri as error:
            refused.append(error)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Look at one object, and fix on its row which analyses are wanted of its bytes."""

    images: ImageStore
    ledger: Ledger
    buckets: Buckets
    operations: Operations
    plan: Plan
    read_capture: Callable[[ObjectHead, bytes], Capture]
    clock_doubts: ClockDoubts
    clock: Callable[[], datetime]
    rejection_breaker: RejectionBreaker
    calls: CallCounter
    held: HeldBytes
    bucket_gate: BucketGate
    stand_ins: StandIns

    def ingest(self, image_id: str, lane: Lane, *, may_be_late: bool, is_new: bool) -> list[Step]:
        """Read the object and fix what is wanted of it; return the steps that are due.

        is_new: the producer has just made the row, so that it can be begun without being read. If that is refused, or
        the image is bad, the row is read and the object fetched again: bytes from before the row was seen may be older.
        may_be_late: S3 may not show a new object yet, so its absence raises ImageNotYetThere, and it is looked for once
        more. An empty object that is young raises ImageNotYetWritten, and its row stays as it is. A bad image ends
        here, and so does one whose URI is refused, by us or by S3: its row and a dead letter say why. The dead letter
        of an image that is good now is closed. Raises BucketWaits while the bucket or prefix is refused, and
        ObjectRefused for an image that alone cannot be read.
        """
        read_at = self.clock()
        if is_new and (begun := self._begin_new(image_id, lane)):
            return next_steps(begun, read_at)
        before = self._row(image_id, lane)
        if before is None or self._waits_for_its_camera(before, lane):
            return []
        head, judging_at = None, self.clock()
        try:
            head, data = self._read(image_id)
            after = self._begin(before, lane, head, data)
        except ObjectRefused:
            raise  # it may be good: it is stuck, and not rejected
        except (RejectedError, InvalidUri) as error:
            judged = Judged(judging_at, head.etag if head else _etag_of(error))
            after = self._reject(before, error, judged, may_be_late=may_be_late)
        if after is None:
            raise ImageChanged(image_id)
        if after is before:
            return []
        if not (after.state is State.GONE and before.content):
            self._count_outcome(before, after, lane)
        close_replaced(image_id, before.rejection, after.rejection, self.operations)
        return next_steps(after, read_at)

    def _begin_new(self, image_id: str, lane: Lane) -> ImageRow | None:
        """Begin a row of which nothing is known yet, without reading it; None if that cannot be done."""
        if self.rejection_breaker.is_stopped(image_id, lane):
            return None
        assumed = new_row(image_id, lane, self.clock())
        try:
            begun = self._begin(assumed, lane, *self._read(image_id))
        except ObjectRefused:
            raise
        except (RejectedError, InvalidUri):
            return None
        if begun:
            self._count_outcome(assumed, begun, lane)
        return begun

    def _row(self, image_id: str, lane: Lane) -> ImageRow | None:
        """Return the row; create it if a producer sent only a message, and its URI is valid.

        None if the object is sightline's own, or something else by its suffix, and nobody added it by name: that had
        made a row.
        """
        row = self.images.get(image_id)
        if row is None:
            uri = ObjectUri.parse(image_id)
            own = OWN_OBJECT if is_own(uri, self.plan.own) else None
            if skipped := own or skipped_suffix(uri.key, self.plan.skipped_suffixes):
                self.calls.count_skipped(skipped)
                return None
            self.images.add(str(uri), lane)
            row = self.images.get(image_id)
        if row is None:
            raise ImageChanged(image_id)
        row.require_known()
        return row

    def _waits_for_its_camera(self, row: ImageRow, lane: Lane) -> bool:
        """Return whether a new image's camera is stopped: its message is done, and its row goes on when that is over.

        The row is received before the stop is read for certain, so that ending the stop finds it. An image that was
        read before is read now: nothing but its message says that it was overwritten, perhaps by a good one.
        """
        if not is_unread(row) or not self.rejection_breaker.is_stopped(row.image_id, lane):
            return False
        self.images.add(row.image_id, lane)
        return self.rejection_breaker.is_stopped(row.image_id, lane, for_certain=True)

    def _count_outcome(self, before: ImageRow, after: ImageRow, lane: Lane) -> None:
        is_replaced = before.rejection is not None and after.rejection is None
        self.rejection_breaker.count(after, lane, is_replaced=is_replaced)

    def _read(self, image_id: str) -> tuple[ObjectHead, bytes]:
        uri = ObjectUri.parse(image_id)
        with self.bucket_gate.reading(image_id, Reader.S3):
            return self.buckets.get(uri)

    def _begin(self, row: ImageRow, lane: Lane, head: ObjectHead, data: bytes) -> ImageRow | None:
        """Write content, capture and wanted analyses to the row; return the row as written, or None if it had changed.

        A stuck image with the same bytes is returned as it was: its message came twice. `add` receives it first.
        """
        content = self._content(row.image_id, head, data)
        if row.state is State.STUCK and content == row.content:
            return row
        self.held.keep(row, data)
        paid = {**row.wanted, **adopt_import(row, content, self.plan, self.ledger)}
        capture = self._capture(row, content, head, data)
        capture = replace(capture, stand_in=self.stand_ins.find(row, content, capture, paid, data))
        analyses = {} if capture.shown_with else wanted(content.sha256, self.plan, capture, paid, row.parts)
        moved_from = self._moved_from(row, capture)
        self._outdate(row, content, analyses)
        # Before, so that a crash leaves no day with an image too many; and after, for a reader in between
        self.operations.dirty_days.mark(moved_from)
        begun = self.images.begin(row, content, capture, analyses, lane)
        self.operations.dirty_days.mark(moved_from)
        self._dismiss_where_it_was(row, begun)
        self._count(row, begun)
        return begun

    def _dismiss_where_it_was(self, before: ImageRow, begun: ImageRow | None) -> None:
        """Find those that this image stood in for in another burst; in its own, `write_rows` does."""
        need = self.plan.need
        if need is None or begun is None or before.capture is None or begun.capture is None:
            return
        if need.burst(before.capture) != need.burst(begun.capture):
            dismiss(begun, before.capture, self.images, need)

    def _outdate(self, row: ImageRow, content: Content | None, analyses: Mapping[str, str]) -> None:
        """Let messages that are on their way with what the row says now read it again before they pay.

        Before the row changes: if this process dies in between, they only read it for nothing.
        """
        if row.content is None or (row.content == content and row.wanted == analyses):
            return
        for feature in row.unsettled():
            outdated = self.plan.analysis(row.image_id, row.content.sha256, feature, row.wanted[feature])
            if outdated:
                self.ledger.outdate(outdated)

    def _content(self, image_id: str, head: ObjectHead, data: bytes) -> Content:
        try:
            return _content(image_id, head, data)
        except EmptyImage as error:
            if self.clock() - head.last_modified < EMPTY_FOR:
                raise ImageNotYetWritten(image_id) from error
            raise

    def _capture(self, row: ImageRow, content: Content, head: ObjectHead, data: bytes) -> Capture:
        capture = standing_capture(row, self.read_capture(head, data), content.sha256)
        is_known = row.capture and (row.capture.taken_at, row.capture.source) == (capture.taken_at, capture.source)
        if is_known and row.content and row.content.sha256 == content.sha256:
            return capture
        return replace(capture, doubt=self.clock_doubts.of(row.image_id, capture, head.last_modified))

    @staticmethod
    def _moved_from(row: ImageRow, capture: Capture) -> list[CameraDay]:
        """Return the day that loses the image; nothing if it stays where it was."""
        before = row.capture.camera_day if row.capture else None
        return [before] if before and before != capture.camera_day else []

    def _count(self, before: ImageRow, begun: ImageRow | None) -> None:
        """Count what `status` says of capture times, once for each time that a row takes one."""
        if begun is None or begun.capture is None or begun.version == before.version:
            return
        what = counted_of(begun.capture)
        known = before.capture and replace(before.capture, stand_in=begun.capture.stand_in)
        if what and not (known and known.is_same_as(begun.capture)):
            self.operations.capture_counts.count(begun.capture.camera, self.clock(), what)

    def _reject(
        self, row: ImageRow, error: RejectedError | InvalidUri, judged: Judged, *, may_be_late: bool
    ) -> ImageRow | None:
        """End the image, with a dead letter unless its object was deleted after it had been read."""
        is_missing = isinstance(error, ImageMissing)
        if is_missing and may_be_late and row.content is None:
            raise ImageNotYetThere(row.image_id) from error
        if isinstance(error, ImageMissing) and not row.content:
            error = explained(error, ObjectUri.parse(row.image_id), self.buckets)
        if not (is_missing and row.content):
            write_dead_letter(
                error,
                step=INGEST,
                message={"uri": row.image_id},
                image_id=row.image_id,
                operations=self.operations,
                clock=self.clock,
            )
        self._outdate(row, None, {})
        state = State.GONE if is_missing else State.REJECTED
        return self.images.end(row, state, Rejection(type(error).__name__, str(error)), judged)


def _etag_of(error: SightlineError) -> str | None:
    """Return the ETag of an object that was refused before its bytes were read."""
    return error.etag if isinstance(error, TooManyBytes) else None


def _content(image_id: str, head: ObjectHead, data: bytes) -> Content:
    picture = inspect_picture(image_id, data)
    digest = hashlib.sha256(data).hexdigest()
    sides = picture.width_pixels, picture.height_pixels
    return Content(digest, head.etag, len(data), *sides, head.version, head.last_modified)


def wanted(
    content: str, plan: Plan, capture: Capture, before: Mapping[str, str], parts: Mapping[str, FeatureResult]
) -> dict[str, str]:
    """Name the analyses that the plan wants of these bytes: feature → analysis id.

    before: what the row wants already. A deeper or an imported analysis of the same bytes stays wanted.
    """
    needed = plan.needed(content, capture, before, parts)
    return {name: _wanted(content, name, plan, before.get(name)) for name in needed}


def asked_of(row: ImageRow, content: Content, capture: Capture, plan: Plan) -> dict[str, str]:
    """Name the analyses that the plan now wants of a row's bytes; none while another image may stand in for it."""
    if capture.shown_with and plan.spares_near(capture):
        return {}
    return wanted(content.sha256, plan, capture, row.wanted, row.parts)


def _wanted(content: str, feature: str, plan: Plan, before: str | None) -> str:
    ids = plan.ids(content, feature)
    return before if before in ids else ids[0]
