"""Stand-ins: a picture that looks like a paid one of its burst is shown with that one's answer, and not paid for.

The register of bursts says at ingest who is paid for: it is written before the row, so that of two at once one is paid
for and the other finds it. The row says what holds from then on. Nobody stands in for others without an answer of its
own, so what is shown never strays: the image waits in analysis until the other is answered, and is paid for itself if
that will not be. Where the other is given new bytes, those that it stood in for are looked at again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

from sightline.errors import ImageChanged
from sightline.models.images import Capture, Content, ImageRow, ImageSummary, Lane, ResultStatus, StandIn, State
from sightline.rekognition.fingerprint import fingerprint
from sightline.services.need import Near, Need
from sightline.services.plan import Plan
from sightline.stats.bursts import Burst, nearest
from sightline.storage.bursts import BurstRegister, Frame, PaidFrames
from sightline.storage.images.keys import day_position
from sightline.storage.images.protocol import DayPart, ImageStore
from sightline.storage.images.transitions import ENDED

WRITES_TRIED = 5
"""How often it is tried to enter a register, or to receive a row, that others change at the same time."""


class Answer(Enum):
    """What is to be expected of an image that stands in for another."""

    THERE = auto()
    COMING = auto()
    NEVER = auto()


def answer_of(row: ImageRow, images: ImageStore) -> Answer:
    """Return whether the image that stands in for this one is answered; one request."""
    stand_in = row.shown_with
    return answer_expected(stand_in, images.get(stand_in.image_id), row.lane) if stand_in else Answer.NEVER


def answer_expected(stand_in: StandIn, other: ImageRow | None, lane: Lane) -> Answer:
    """Return whether the other image's row has, or will have, its own answer about the bytes that look alike.

    A live image waits for no old one, whose turn may come hours later.
    """
    if other is None or other.state in ENDED or other.shown_with:
        return Answer.NEVER
    if other.content is not None and other.content.sha256 != stand_in.content_sha256:
        return Answer.NEVER
    if other.is_analysed and other.is_known:
        is_answered = all(part.status is ResultStatus.ANSWERED for part in other.parts.values())
        return Answer.THERE if other.parts and is_answered else Answer.NEVER
    is_late = lane is Lane.LIVE and other.lane is Lane.BACKFILL
    return Answer.NEVER if is_late else Answer.COMING


@dataclass(frozen=True, slots=True)
class StandIns:
    """Finds what stands in for an image at ingest."""

    images: ImageStore
    register: BurstRegister
    plan: Plan

    def find(
        self, row: ImageRow, content: Content, capture: Capture, wanted: Mapping[str, str], data: bytes
    ) -> StandIn | None:
        """Return what stands in for these bytes; None if they are paid for, as all are without the rule.

        wanted: what the row wants already: who is paid for stays so. In the control slice it is only compared. The time
        of an upload says nothing of a burst.
        """
        need = self.plan.need
        if need is None or need.near is None:
            return None
        before = _of_these_bytes(row, content)
        if is_paid_for(content, wanted, self.plan):
            return before if before and before.is_only_compared else None
        is_control = need.is_control(capture)
        if before and not is_control and not before.is_only_compared and self._still_holds(before, row.lane):
            return before
        if not capture.tells_when_it_was_taken:
            return None
        found = self._enter(row.image_id, content, need.burst(capture), need.near, data)
        return replace(found, is_only_compared=is_control) if found else None

    def _still_holds(self, before: StandIn, lane: Lane) -> bool:
        return answer_expected(before, self.images.get(before.image_id), lane) is not Answer.NEVER

    def _enter(self, image_id: str, content: Content, burst: Burst, near: Near, data: bytes) -> StandIn | None:
        """Return a paid image that looks like this one, or enter this one among the paid ones."""
        seen = fingerprint(data)
        if seen is None:
            return None
        frame = Frame(content.sha256, seen)
        paid = self.register.read(burst)
        for _ in range(WRITES_TRIED):
            if is_settled(image_id, frame, paid):
                return None
            found = looks_like(image_id, frame, paid, near.bits)
            if found or not paid.has_room_for(image_id):
                return found
            paid = self.register.replace(burst, paid.with_frame(image_id, frame))
        return None  # too many at once: it is paid for, and stands in for nobody


def is_paid_for(content: Content, wanted: Mapping[str, str], plan: Plan) -> bool:
    """Return whether a row wants an analysis of these bytes."""
    return any(wanted.get(name) in plan.ids(content.sha256, name) for name in plan.features)


def is_settled(image_id: str, frame: Frame, paid: PaidFrames) -> bool:
    """Return whether an image is paid for and nothing need be written.

    It is among the paid ones already; or one of them has the same bytes, so that its answer costs nothing more.
    """
    has_same_bytes = any(each.content_sha256 == frame.content_sha256 for each in paid.frames.values())
    return paid.frames.get(image_id) == frame or (has_same_bytes and image_id not in paid.frames)


def looks_like(image_id: str, frame: Frame, paid: PaidFrames, bits: int) -> StandIn | None:
    """Return which paid image looks most like this one. One that others may be shown with is paid for, whatever else.

    Its bytes may have changed since it was entered.
    """
    if image_id in paid.frames:
        return None
    like = nearest(frame.fingerprint, {name: each.fingerprint for name, each in paid.frames.items()}, bits)
    return StandIn(like.image_id, paid.frames[like.image_id].content_sha256, like.distance) if like else None


def _of_these_bytes(row: ImageRow, content: Content) -> StandIn | None:
    is_same = row.content is not None and row.content.sha256 == content.sha256
    return row.capture.stand_in if row.capture and is_same else None


def dismiss(row: ImageRow, capture: Capture, images: ImageStore, need: Need | None) -> None:
    """Receive the images again for which this one stood in with other bytes than it now has. Done twice it is done.

    capture: what the row had when it stood in, so that its burst is that of the others. The reconciler sends what is
    received.
    """
    if need is None or need.near is None or not row.was_other:
        return
    for each in _of_burst(capture, need, images):
        if _is_stale(each.capture, row):
            _receive(each, row, images)


def _of_burst(capture: Capture, need: Need, images: ImageStore) -> list[ImageSummary]:
    begin, length = need.burst(capture).begins_at, timedelta(seconds=need.burst(capture).length_seconds)
    zone = capture.taken_at.tzinfo
    first, last = (replace(capture, taken_at=at.astimezone(zone)) for at in (begin, begin + length))
    part = DayPart(after=day_position("", first), before=day_position("", last))
    days = dict.fromkeys((first.day, last.day))
    return [each for day in days for each in images.by_day(capture.camera, day, part)]


def _is_stale(capture: Capture | None, row: ImageRow) -> bool:
    stand_in = capture.shown_with if capture else None
    if stand_in is None or stand_in.image_id != row.image_id or row.content is None:
        return False
    return stand_in.content_sha256 != row.content.sha256 or row.shown_with is not None


def _receive(listed: ImageSummary, row: ImageRow, images: ImageStore) -> None:
    for _ in range(WRITES_TRIED):
        standing = images.get(listed.image_id)
        if standing is None or standing.state is State.RECEIVED or not _is_stale(standing.capture, row):
            return
        if standing.state in ENDED or images.receive(standing, standing.lane):
            return
    raise ImageChanged(listed.image_id)
