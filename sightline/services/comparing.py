"""Compare the faces of two pictures: allowed by the policy, claimed, paid once, and kept for as long as it says.

policy → look at both → claim → slot → call → settle. A call is asked about the bytes that were looked at: nothing is
read twice, and nothing can be overwritten in between. AWS refuses two pictures as invalid if one of them shows no
face, and does not say which: the source is then compared with itself, which costs nothing if it has none.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import structlog
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from sightline.errors import (
    BudgetSpent,
    InvalidParameter,
    NoPeoplePolicy,
    OtherCamera,
    RetryableError,
    SightlineError,
    Throttled,
    TooManyBytes,
    Unavailable,
    UnreadableKey,
)
from sightline.models.comparisons import Compared, Side
from sightline.models.images import ImageRow, Lane
from sightline.models.people_policy import PeoplePolicy
from sightline.queues.steps import COMPARE, Step
from sightline.rekognition.comparing import NAME, comparison_id
from sightline.rekognition.preflight import MAX_BYTES_IN_S3, MAX_BYTES_SENT, inspect_picture
from sightline.rekognition.upright import smaller
from sightline.services.detection import Detector, may_be_billed
from sightline.services.picture_files import read_picture
from sightline.services.slots import sleep_unless_stopping
from sightline.services.till import Till
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.comparisons import Comparison, Pair, Request, Standing
from sightline.storage.operations import Operations
from sightline.timing import CHECK_AFTER

log = structlog.get_logger()

MOST_TRIES = 5
"""How often a worker begins a comparison that it does not end."""

SENT_PIXELS = 3000
"""The longer side of the smaller copy that is sent of a picture with too many bytes to be sent itself."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be compared: it was looked at. name: what the user called it; content: its sha256, hex."""

    name: str
    content: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Comparing:
    """Compares. people_policy: None refuses everything; camera_of: the camera of an image, by its URI."""

    people_policy: PeoplePolicy | None
    generation: str
    operations: Operations
    till: Till
    buckets: Buckets
    detector: Detector
    camera_of: Callable[[ObjectUri], str]
    stopping: Event
    clock: Callable[[], datetime]

    def require_policy(self) -> PeoplePolicy:
        """Return the policy; raise NoPeoplePolicy if there is none."""
        if self.people_policy is None:
            raise NoPeoplePolicy("comparing faces")
        return self.people_policy

    def look(self, name: str, *, is_of_a_camera: bool = True) -> Picture:
        """Read a picture, a file or an object in S3, of at most 15 MB, and check it as any image before it is paid for.

        is_of_a_camera: whether an object must be of one of the policy's cameras
        Raise NoPeoplePolicy, OtherCamera if the policy does not name the camera, or the RejectedError of the picture.
        """
        self.require_policy()
        if "://" in name:
            uri = ObjectUri.parse(name)
            if is_of_a_camera:
                self._require_camera(uri)
            _, data = self.buckets.get(uri)
        else:
            data = read_picture(Path(name), MAX_BYTES_IN_S3)
        inspect_picture(name, data)
        return Picture(name, hashlib.sha256(data).hexdigest(), data)

    def _require_camera(self, uri: ObjectUri) -> None:
        policy = self.require_policy()
        try:
            camera = self.camera_of(uri)
        except UnreadableKey as error:
            raise OtherCamera(str(uri), rule=f"{OtherCamera.rule}, and this key names no camera") from error
        if camera not in policy.cameras:
            raise OtherCamera(str(uri), rule=f"{OtherCamera.rule}; it is of {camera}")

    def compare(self, source: Picture, target: Picture) -> Comparison:
        """Return the comparison of two pictures; pay for it unless it is kept.

        Up to three attempts, each with a claim and a slot of its own. Raise LeaseHeld while another pays for the same
        two, SlotRefused if no slot came near, ConfigurationError without a price, else what the last attempt met.
        """
        policy = self.require_policy()
        expires_at = self.clock() + timedelta(days=policy.retention_days)
        pair = Pair(self._name(source, target), source.content, target.content, expires_at)
        attempts = Retrying(
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.25, max=4) + wait_random(0, 0.5),
            retry=retry_if_exception_type((Throttled, Unavailable)),
            sleep=lambda seconds: sleep_unless_stopping(self.stopping, seconds),
            reraise=True,
        )
        return attempts(self._attempt, pair, source, target)

    def known(self, source: Picture, target: Picture) -> Comparison | None:
        """Return the comparison of two pictures if it is kept, so that `compare` pays nothing."""
        return self.kept(self._name(source, target))

    def _name(self, source: Picture, target: Picture) -> str:
        return comparison_id(source.content, target.content, self.generation)

    def kept(self, name: str) -> Comparison | None:
        """Return a comparison that was answered and may still be kept by the policy as it is now."""
        found, policy = self.operations.comparisons.get(name), self.require_policy()
        if found is None or found.standing is not Standing.ANSWERED or found.at is None:
            return None
        return found if self.clock() < found.at + timedelta(days=policy.retention_days) else None

    def _attempt(self, pair: Pair, source: Picture, target: Picture) -> Comparison:
        self.till.price(NAME)  # without one it is refused before its claim
        claimed = self._claim(pair)
        if claimed.standing is Standing.ANSWERED:
            return claimed
        compared = self._ask(claimed, source, target)
        if compared is not None:
            return self._settled(claimed, compared)
        if source.content == target.content:
            return self._settle(claimed, Compared(None, no_face_in=Side.SOURCE), 0)
        self.operations.comparisons.release(claimed)  # a call under its claim would take too long
        own = self.compare(source, source).compared
        without = replace(own, faces=(), no_face_in=own.no_face_in or Side.TARGET) if own else Compared(None)
        claimed = self._claim(pair)
        return claimed if claimed.standing is Standing.ANSWERED else self._settle(claimed, without, 0)

    def _settled(self, claimed: Comparison, compared: Compared) -> Comparison:
        settled = self._settle(claimed, compared, self.till.price(NAME))
        self.till.billed(NAME, Lane.LIVE)
        return settled

    def _claim(self, pair: Pair) -> Comparison:
        claimed = self.operations.comparisons.claim(pair)
        if claimed.standing is Standing.ANSWERED and self.kept(pair.comparison_id) is None:
            self.operations.comparisons.drop(pair.comparison_id)  # the policy is stricter than when it was kept
            claimed = self.operations.comparisons.claim(pair)
        if claimed.took_over:
            self.till.lost(NAME, Lane.LIVE)
        return claimed

    def _ask(self, claimed: Comparison, source: Picture, target: Picture) -> Compared | None:
        """Call once under the claim; None if Rekognition sees no face in one of the pictures."""
        try:
            sent = (bytes_to_send(source), bytes_to_send(target))
            return self.till.ask(NAME, Lane.LIVE, lambda: self.detector.compare_faces(*sent))
        except InvalidParameter:  # both were looked at, so nothing else of them can be invalid
            return None
        except SightlineError as error:
            self.operations.comparisons.release(claimed, is_unknown=may_be_billed(error))
            raise

    def why_no_money(self) -> BudgetSpent | None:
        """Return which cap leaves no money for a comparison now, by the account, and when it goes on."""
        return self.till.why_no_money(NAME, Lane.LIVE)

    def _settle(self, claimed: Comparison, compared: Compared, cost_micro_usd: int) -> Comparison:
        return self.operations.comparisons.settle(claimed, compared, cost_micro_usd)

    # --- asked for by a user of the console, answered by a worker

    def request(self, source: ImageRow, target: ImageRow, by: str) -> Request | Comparison:
        """Keep what a user asks for; a worker answers it. What is known is returned instead, and nothing is kept.

        Raise NoPeoplePolicy or OtherCamera.
        """
        policy = self.require_policy()
        for row in (source, target):
            self._require_camera(ObjectUri.parse(row.image_id))
        now, (first, second) = self.clock(), (row.content.sha256 if row.content else "" for row in (source, target))
        expires_at = now + timedelta(days=policy.retention_days)
        pair = Pair(comparison_id(first, second, self.generation), first, second, expires_at)
        asked = Request(pair, source.image_id, target.image_id, by, now)
        return self.kept(pair.comparison_id) or self.operations.comparisons.ask(asked)

    def answer(self, name: str) -> None:
        """Compare what was asked for, and keep why it cannot be. Twice, or late, it changes nothing.

        What may succeed later is left: the reconciler sends it again. Such a try counts only if it may have been
        billed, so that a comparison is not paid for without end; money, a slot or a server that is missing is no blame.
        """
        comparisons = self.operations.comparisons
        request = comparisons.begin(name)
        if request is None:
            log.info("Nobody waits for this comparison")
            return
        try:
            self._answer(request)
        except RetryableError as error:
            log.warning("A comparison is tried again later", error=str(error))
            if not may_be_billed(error):
                comparisons.wait(name)
        except SightlineError as error:
            comparisons.fail(name, str(error))
        else:
            comparisons.done(name)

    def _answer(self, request: Request) -> None:
        if request.tries > MOST_TRIES:
            rule = f"a comparison must end within {MOST_TRIES} tries"
            raise TriedTooOften(request.source, rule=rule)
        source, target = self.look(request.source), self.look(request.target)
        if (source.content, target.content) != (request.pair.source, request.pair.target):
            raise OtherBytes(request.source)
        self.compare(source, target)

    def due(self) -> list[Step]:
        """Return the steps of requests whose message must be lost by now; each is left alone longer after each try.

        None while there is no money: they are sent when there is.
        """
        if self.people_policy is None or self.till.waits(NAME, Lane.LIVE):
            return []
        waiting, now = self.operations.comparisons.requests(), self.clock()
        return [compare_step(each) for each in waiting if _is_due(each, now)]


class TriedTooOften(SightlineError):
    """A comparison that workers began again and again."""

    remedy = "Look at the workers' log, then ask again"


class OtherBytes(SightlineError):
    """The object has other bytes than its row says."""

    rule = "both objects must hold the bytes that were asked about"
    remedy = "Wait until the image is complete again, then ask again"


def _is_due(request: Request, now: datetime) -> bool:
    return (request.begun_at or request.at) + CHECK_AFTER * (request.tries + 1) <= now


def compare_step(request: Request) -> Step:
    """Return the step that answers a request."""
    return Step(COMPARE, (request.pair.comparison_id,), "operations", Lane.LIVE)


def bytes_to_send(picture: Picture) -> bytes:
    """Return the bytes to send: a smaller, upright copy of a picture that has too many."""
    if len(picture.data) <= MAX_BYTES_SENT:
        return picture.data
    copy = smaller(picture.data, SENT_PIXELS)
    if len(copy) > MAX_BYTES_SENT:
        raise TooManyBytes(picture.name)
    return copy
