"""Detect: pay once for one analysis.

claim → slot → call → does the object still show the row's etag? → settle; the chain carries the result to `write_rows`.
A claim that is refused says whether the analysis is settled, so nothing is read before it. Until the call nothing is
paid: an attempt that gets no slot, or whose process is to stop, gives its claim back. A process may die between any two
of these: its lease runs out, and the attempt counts as ended unknown. An answer that is paid and in hand is held on to
while S3 or DynamoDB is away: asking again would cost again. One that nobody can read was paid as well: it is counted,
and the image becomes a dead letter instead of being asked about again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol, cast

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)
from tenacity.stop import stop_base

from sightline.errors import (
    BucketWaits,
    ImageChanged,
    ImageMissing,
    ImageNotSeen,
    ObjectRefused,
    OutcomeUnknown,
    RampedTooFast,
    RejectedError,
    SightlineError,
    Throttled,
    Unavailable,
    UnreadableAnswer,
)
from sightline.models.answers import Answer, Json
from sightline.models.bucket_refusals import Reader
from sightline.models.budgets import Charge
from sightline.models.comparisons import Compared
from sightline.models.images import AskedBy, Content, FeatureResult, ImageRow, Lane, Rejection, State
from sightline.queues.carried import Told
from sightline.ratelimit.gcra import HORIZON_SECONDS
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import feature_named
from sightline.rekognition.prices import Prices
from sightline.services.bucket_gate import BucketGate, is_lasting
from sightline.services.held import Copy, HeldBytes
from sightline.services.plan import Plan
from sightline.services.results import result_of
from sightline.services.slots import give_back, given_back_on_error, sleep_unless_stopping, wait_for_slot
from sightline.services.treasury import Treasury
from sightline.services.usage import CallCounter
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger
from sightline.timing import (
    ATTEMPTS_BEGIN_WITHIN,
    CALL_LIMIT,
    CLOCK_TOLERANCE,
    FACTS_TRUSTED_FOR,
    SLOT_PATIENCE_UNDER_CLAIM,
    STORE_REQUEST_LIMIT,
)

log = structlog.get_logger()

MOST_SENT_BYTES = 4 * 2**20
"""Larger copies are asked about by name: protective equipment takes 4 MB of bytes, the other operations 5."""


class Detector(Protocol):
    """Who answers what is in an image: `sightline.rekognition.client.Rekognition`."""

    def analyse_object(
        self, feature: Feature, parameters: Mapping[str, Json], bucket: str, key: str, version: str | None = None
    ) -> Answer:
        """Analyse an object in S3: one HTTP attempt. Raises the errors of `sightline.errors`."""

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:
        """Analyse a picture that is sent along: one HTTP attempt."""

    def compare_faces(self, source: bytes, target: bytes) -> Compared:
        """Compare the largest face of one picture with all of another: one HTTP attempt.

        Raises InvalidParameter if one of them shows no face.
        """

    def check(self) -> None:
        """Raise AccessDenied or Unavailable if the service cannot be used; costs nothing."""


@dataclass(frozen=True, slots=True)
class Payer:
    """What one attempt needs; the same for every image. treasury: None if there is no budget."""

    ledger: Ledger
    limiter: Limiter
    buckets: Buckets
    detector: Detector
    calls: CallCounter
    prices: Prices
    stopping: Event
    clock: Callable[[], datetime]
    held: HeldBytes
    bucket_gate: BucketGate
    treasury: Treasury | None


class _StopAt(stop_base):
    """Nothing is tried again from `until` on."""

    def __init__(self, until: datetime, clock: Callable[[], datetime]) -> None:
        self._until = until
        self._clock = clock

    def __call__(self, retry_state: RetryCallState) -> bool:  # noqa: ARG002 - the interface
        return self._clock() >= self._until


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be paid for, and what is asked about.

    row: what it says now; None: the message says that it did, or none is asked for it
    copy: what is asked about instead of the object: it is overwritten again and again, or was read by the caller
    paid: the money that was taken for the call
    """

    feature: Feature
    analysis: Analysis
    content: Content
    row: ImageRow | None
    is_redriven: bool = False
    copy: Copy | None = None
    paid: Charge | None = None

    @property
    def asked_by(self) -> AskedBy:
        """Return how the detector is given it."""
        if self.copy is None:
            return AskedBy.NAME
        return AskedBy.BYTES if _is_sent(self.copy) else AskedBy.COPY


class _WantedNoMore(Exception):
    """The row no longer says what the message says."""


def detect(
    image_id: str,
    feature_name: str,
    lane: Lane,
    *,
    told: Told,
    images: ImageStore,
    plan: Plan,
    payer: Payer,
) -> FeatureResult | None:
    """See that the analysis which the row wants is settled; return what the row is to keep of it.

    None if the row no longer wants one. `write_rows` writes the result: the chain carries it there. told: what the row
    said, as the message carries it; it is believed for FACTS_TRUSTED_FOR, and by the analysis's first attempt only.

    Up to three attempts, each with a claim and a slot of its own. Raises LeaseHeld while another pays, SlotRefused when
    no slot came near, BudgetSpent while no money is left, ImageChanged when the bytes are no longer those of the row,
    BucketWaits while the bucket is refused, ObjectRefused if this image alone is, else what the last attempt met.
    """
    facts = told.facts
    if facts is not None and timedelta(0) <= payer.clock() - facts.read_at <= FACTS_TRUSTED_FOR:
        feature = feature_named(feature_name)
        analysis = _analysis(image_id, facts.analysis_id, facts.content, feature, plan)
        try:
            return _settled(_Wanted(feature, analysis, facts.content, None, told.is_redriven), lane, images, payer)
        except _WantedNoMore:
            log.info("The row has changed since the message was sent")
    wanted = _wanted_by_row(image_id, feature_name, images, plan)
    if wanted is None:
        log.info("The row no longer wants this analysis")
        return None
    return _settled(replace(wanted, is_redriven=told.is_redriven), lane, images, payer)


def _wanted_by_row(image_id: str, feature_name: str, images: ImageStore, plan: Plan) -> _Wanted | None:
    row = images.get(image_id)
    if row is None or row.content is None or feature_name not in row.wanted or row.state is State.STUCK:
        return None
    row.require_known()
    feature = feature_named(feature_name)
    analysis = _analysis(image_id, row.wanted[feature_name], row.content, feature, plan)
    return _Wanted(feature, analysis, row.content, row)


def settle_bytes(
    analysis: Analysis, content: Content, copy: Copy, lane: Lane, images: ImageStore, payer: Payer
) -> Entry:
    """See that an analysis is settled which no row need want; return its entry, with the answer or the rejection.

    The bytes are sent along, so the answer is of these; what is too large for that is asked about by the copy's name.
    Attempts, claims and slots as in `detect`, and its errors, but for those of buckets that refuse.
    """
    return _entry(_Wanted(feature_named(analysis.feature), analysis, content, None, copy=copy), lane, images, payer)


def _settled(wanted: _Wanted, lane: Lane, images: ImageStore, payer: Payer) -> FeatureResult:
    return result_of(_entry(wanted, lane, images, payer))


def _entry(wanted: _Wanted, lane: Lane, images: ImageStore, payer: Payer) -> Entry:
    attempts = Retrying(
        stop=stop_after_attempt(3)
        | _StopAt(payer.clock() + ATTEMPTS_BEGIN_WITHIN, payer.clock),  # an answer may have been held for long
        wait=wait_exponential(multiplier=0.25, max=4) + wait_random(0, 0.5),
        retry=retry_if_exception_type((Throttled, Unavailable)),
        sleep=lambda seconds: sleep_unless_stopping(payer.stopping, seconds),
        reraise=True,
    )
    return attempts(_attempt, wanted, lane, images, payer)


def _analysis(image_id: str, wanted: str, content: Content, feature: Feature, plan: Plan) -> Analysis:
    """Say what is to be paid for. Raise ImageChanged if the settings have changed since ingest."""
    analysis = plan.analysis(image_id, content.sha256, feature.name, wanted)
    if analysis is None:
        raise ImageChanged(image_id, rule="the settings changed while it was worked on")
    return analysis


def _attempt(wanted: _Wanted, lane: Lane, images: ImageStore, payer: Payer) -> Entry:
    price = payer.prices.of_call(wanted.feature, wanted.analysis.parameters)  # without one it is refused unclaimed
    if (paid_before := _settled_while_money_is_short(wanted, lane, payer)) is not None:
        return paid_before
    claimed = payer.ledger.claim(replace(wanted.analysis, lane=lane, is_redriven=wanted.is_redriven))
    if claimed.is_settled:
        return claimed
    try:
        if claimed.attempts > 1 and wanted.row is None and wanted.copy is None:
            wanted = _wanted_still(wanted, images)
        ready = _ready(wanted, claimed, lane, payer)
    except Exception:
        payer.ledger.release(claimed)  # nothing was sent, so nothing can have been billed
        raise
    return _pay(ready, claimed, price, payer)


def _settled_while_money_is_short(wanted: _Wanted, lane: Lane, payer: Payer) -> Entry | None:
    """Return the entry of an analysis that needs no money; raise BudgetSpent rather than claim one that does."""
    if payer.treasury is None or not payer.treasury.waits(wanted.feature.name, lane):
        return None
    standing = payer.ledger.get(wanted.analysis.analysis_id)
    if standing is None or not standing.is_settled:
        payer.treasury.require_open(wanted.feature.name, lane)
        return None
    return standing


def _wanted_still(wanted: _Wanted, images: ImageStore) -> _Wanted:
    """Read the row before a further attempt: after an earlier one the image may be stuck, or may have changed."""
    row = images.get(wanted.analysis.image_id)
    if row is None or row.state is State.STUCK or row.content != wanted.content:
        raise _WantedNoMore
    if row.wanted.get(wanted.feature.name) != wanted.analysis.analysis_id:
        raise _WantedNoMore
    row.require_known()
    return replace(wanted, row=row)


def _ready(wanted: _Wanted, claimed: Entry, lane: Lane, payer: Payer) -> _Wanted:
    """Do what must come before the call, the slot last; return what is asked about: the copy, if there is one.

    Raise BucketWaits while the bucket is refused, SlotRefused if no slot came in time, BudgetSpent if no money is left,
    or Unavailable if all this took so long that another might claim before the answer is kept.
    """
    copy = wanted.copy
    if copy is None:
        _require_open(claimed.analysis.image_id, payer)
        copy = payer.held.find(wanted.row, wanted.content) if wanted.row else None
        if copy is not None:
            log.info("An image that is overwritten again and again is asked about by its own bytes")
    _require_time(claimed, timedelta(seconds=HORIZON_SECONDS[lane]), payer)
    patience = min(SLOT_PATIENCE_UNDER_CLAIM, _call_begins_by(claimed) - payer.clock())
    feature, parameters = wanted.feature, claimed.analysis.parameters

    def charge_of() -> Charge | None:
        return payer.treasury.charge(feature.name, lane, parameters) if payer.treasury else None

    operation = feature.operation
    paid = wait_for_slot(operation, lane, payer.limiter, payer.stopping, payer.clock, patience, charge_of)
    with given_back_on_error(operation, paid, payer.limiter):
        _require_time(claimed, timedelta(0), payer)
    return replace(wanted, copy=copy, paid=paid)


def _require_open(image_id: str, payer: Payer) -> None:
    """Raise BucketWaits before anything is paid that could not be used. A HEAD asks S3, for free."""
    if payer.bucket_gate.is_held(image_id, Reader.S3):
        try:
            with payer.bucket_gate.reading(image_id, Reader.S3):
                payer.buckets.head(ObjectUri.parse(image_id))
        except ImageMissing as error:
            raise ImageChanged(image_id) from error
    payer.bucket_gate.require_open(image_id, Reader.REKOGNITION)


def _pay(wanted: _Wanted, claimed: Entry, price: int, payer: Payer) -> Entry:
    """Call once under the claim; settle, or give the claim back. price: in millionths of a US dollar."""
    feature, copy = wanted.feature, wanted.copy
    called_at = payer.clock()
    outcome: Answer | Rejection | None = None
    try:
        outcome = _call(wanted, payer)
        held = _held_until(_leaving(claimed, 2 * STORE_REQUEST_LIMIT), payer.clock)  # the last look, and settling
        if copy is None:
            _require_same_object(claimed.analysis, outcome, wanted.content, called_at, held, payer)
        elif not _is_sent(copy):
            held(payer.held.require_unchanged, copy)
            if _is_unseen(outcome):
                raise Unavailable(str(copy.uri), rule=ImageNotSeen.rule)
    except SightlineError as error:
        is_unreadable = isinstance(error, UnreadableAnswer)
        is_lost = isinstance(error, (ImageChanged, BucketWaits, ObjectRefused))
        dropped = price if isinstance(outcome, Answer) and is_lost else 0  # AWS bills it
        payer.calls.count(feature.name, how_it_ended(error), price if is_unreadable else dropped)
        is_unknown = may_be_billed(error)
        if not is_unknown and not isinstance(outcome, Answer):
            give_back(feature.operation, wanted.paid, payer.limiter)
        payer.ledger.release(claimed, is_unknown=is_unknown, dropped_micro_usd=dropped)
        if dropped and isinstance(error, ImageChanged):
            _note_drop(claimed.analysis.image_id, payer.held)
        if isinstance(error, Throttled):
            payer.limiter.throttled(feature.operation, ramped_too_fast=isinstance(error, RampedTooFast))
        raise
    cost = price if isinstance(outcome, Answer) else 0
    payer.calls.count(feature.name, "answered" if isinstance(outcome, Answer) else "rejected", cost)
    if not cost:
        give_back(feature.operation, wanted.paid, payer.limiter)
    held = _held_until(_leaving(claimed, STORE_REQUEST_LIMIT), payer.clock)
    settled = held(payer.ledger.settle, replace(claimed, asked_by=wanted.asked_by), outcome, cost)
    if copy is None:
        payer.bucket_gate.passed(claimed.analysis.image_id, Reader.REKOGNITION)
    return settled


def _require_time(claimed: Entry, needed: timedelta, payer: Payer) -> None:
    """Raise Unavailable if less than `needed` is left until the call must begin."""
    if payer.clock() + needed > _call_begins_by(claimed):
        rule = "it took so long to answer that the claim may end before the call"
        raise Unavailable("DynamoDB or S3", rule=rule)


def _call_begins_by(claimed: Entry) -> datetime:
    """Return until when a call may begin whose answer is kept before another may claim."""
    return _leaving(claimed, CALL_LIMIT + 2 * STORE_REQUEST_LIMIT)


def _leaving(claimed: Entry, time: timedelta) -> datetime:
    """Return until when this much time is left before another may claim."""
    return cast("datetime", claimed.free_at) - time  # a claimed entry has a lease


def _call(wanted: _Wanted, payer: Payer) -> Answer | Rejection:
    """Ask. What Rekognition refuses is an outcome; an answer that nobody can read is none."""
    feature, analysis, copy = wanted.feature, wanted.analysis, wanted.copy
    uri = ObjectUri.parse(analysis.image_id)
    try:
        if copy is not None:
            if _is_sent(copy):
                return payer.detector.analyse_bytes(feature, analysis.parameters, copy.data)
            return payer.detector.analyse_object(feature, analysis.parameters, copy.uri.bucket, copy.uri.key)
        return payer.detector.analyse_object(feature, analysis.parameters, uri.bucket, uri.key, wanted.content.version)
    except UnreadableAnswer:
        raise
    except RejectedError as error:
        return Rejection(type(error).__name__, str(error))


def _is_sent(copy: Copy) -> bool:
    return len(copy.data) <= MOST_SENT_BYTES


def _note_drop(image_id: str, held: HeldBytes) -> None:
    """Count a dropped answer. If the store is away, it is not counted: that is no reason to hide why it was dropped."""
    try:
        held.note_drop(image_id)
    except SightlineError as error:
        log.warning("A dropped answer could not be counted", error=str(error))


def _require_same_object(
    analysis: Analysis,
    outcome: Answer | Rejection,
    content: Content,
    called_at: datetime,
    held: Retrying,
    payer: Payer,
) -> None:
    """Check that the object is still the one Rekognition was asked about.

    Otherwise the answer may belong to other bytes. Raise OutcomeUnknown if S3 was away for as long as the answer could
    be held: it is lost, and was paid. Raise BucketWaits or ObjectRefused if S3 refuses the look, or if Rekognition does
    not see an object that S3 has.
    """
    uri = ObjectUri.parse(analysis.image_id)
    is_missing = _is_unseen(outcome)
    if content.version is None or is_missing:  # a version stays what it is, but it may be deleted
        try:
            held(_check_unchanged, uri, content, called_at, payer.buckets)
        except Unavailable as error:
            raise OutcomeUnknown(str(uri), rule=f"its answer is lost: {error}") from error
        except SightlineError as error:
            if not is_lasting(error):
                raise
            raise payer.bucket_gate.refused(analysis.image_id, Reader.S3, error) from error
    if is_missing:
        raise payer.bucket_gate.refused(analysis.image_id, Reader.REKOGNITION, ImageNotSeen(analysis.image_id))


def _is_unseen(outcome: Answer | Rejection) -> bool:
    """Return whether Rekognition did not see what it was asked about."""
    return isinstance(outcome, Rejection) and outcome.error == ImageMissing.__name__


def _check_unchanged(uri: ObjectUri, content: Content, called_at: datetime, buckets: Buckets) -> None:
    """Raise ImageChanged unless the object is the upload that the row knows, or the same bytes from before the call.

    Where the bucket keeps versions, it must be the version that the row knows.
    If the same bytes were uploaded again during the call, Rekognition may have read different bytes in between. S3's
    times are whole seconds: bytes that change and change back within one second go unnoticed in an unversioned bucket.
    """
    try:
        head = buckets.head(uri)
        is_known = content.last_modified in {None, head.last_modified}
        is_same = head.etag == content.etag and (is_known or head.last_modified < called_at - CLOCK_TOLERANCE)
        if content.version is not None:
            is_same = head.version == content.version
    except ImageMissing:
        is_same = False
    if not is_same:
        raise ImageChanged(str(uri))


def _held_until(until: datetime, clock: Callable[[], datetime]) -> Retrying:
    """Return a `Retrying` that repeats an operation until `until` while its server is unavailable."""
    away = retry_if_exception_type(Unavailable)
    return Retrying(stop=_StopAt(until, clock), wait=wait_random(0.2, 2), retry=away, reraise=True)


def may_be_billed(error: SightlineError) -> bool:
    """Return whether AWS may bill a call that ended so: no answer came, or one that nobody can read."""
    return isinstance(error, (OutcomeUnknown, UnreadableAnswer))


def how_it_ended(error: SightlineError) -> str:
    """Name how a call ended that settled nothing. `outdated`: answered, for bytes that are no longer there."""
    names: dict[type[SightlineError], str] = {
        OutcomeUnknown: "unknown",
        Throttled: "throttled",
        RampedTooFast: "throttled",
        ImageChanged: "outdated",
    }
    return names.get(type(error), "failed")
