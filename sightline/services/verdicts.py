"""Turn what a person said about an image into a verdict on the image's current bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sightline.errors import InvalidVerdict, VerdictStands
from sightline.models.images import CameraDay
from sightline.services.collaborators import Services
from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.verdicts.protocol import Asked, KeptVerdict, VerdictStore, verdict_key


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said about an image.

    content: the SHA-256 (hex) of the bytes that they saw, if known
    source: why they looked at it; without one they came by themselves
    """

    image_id: str
    label: str
    reviewer: str
    answer: Answer
    at: datetime
    content: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """What `verdict_of` needs."""

    images: ImageStore
    verdicts: VerdictStore
    plan: AccuracyPlan
    clock: Callable[[], datetime]


def judge_of(services: Services) -> Judge:
    """Return what `verdict_of` needs, from the services."""
    return Judge(services.images, services.verdicts, services.accuracy, services.clock)


def verdict_of(said: Said, judge: Judge, earlier: Iterable[KeptVerdict] = ()) -> KeptVerdict:
    """Return the verdict: `sampled` if it is marked so and the review queue asked about these very bytes.

    If another reviewer's sampled verdict stands already, it is a `second` look if the image is drawn for one. Otherwise
    it is volunteered, as is what is not marked: kept for the agreement of reviewers, but no figure changes.

    Raise InvalidUri, NotWatched, InvalidVerdict if the image is unknown or its bytes have changed, or VerdictStands if
    a volunteered verdict differs from this reviewer's own answer to the queue.

    earlier: verdicts on this image and label that will be stored first
    """
    judge.plan.rule_of(said.label)
    verdict_key(said.label, said.reviewer)
    row = judge.images.get(str(ObjectUri.parse(said.image_id)))
    if row is None or row.content is None or row.capture is None:
        raise InvalidVerdict(said.image_id, rule="the image must have been ingested", remedy="`sightline add` it first")
    content = row.content.sha256
    if said.content not in {None, content}:
        raise InvalidVerdict(said.image_id, rule="the image has been overwritten since", remedy="Look at it again")
    if said.at > judge.clock():
        raise InvalidVerdict(said.image_id, rule=f"{said.at.isoformat()} is in the future", remedy="Correct the time")
    known = judge.verdicts.of_label(said.image_id, said.label)
    counting = [kept for kept in (*known.verdicts, *earlier) if kept.verdict.counts_for(content)]
    own = next((kept for kept in counting if kept.verdict.reviewer == said.reviewer), None)
    if said.source in {None, Source.VOLUNTEERED}:
        return own if own and _stands(own, said) else _kept(said, content, row.capture.camera_day)
    if known.asked is None or known.asked.content != content:
        remedy = "Leave its source empty; it is then stored as volunteered"
        raise InvalidVerdict(
            said.image_id, rule="the queue did not ask about these bytes, so it is not sampled", remedy=remedy
        )
    source = own.verdict.source if own else _source_of(said, counting, judge.plan.salt)
    return _kept(said, content, row.capture.camera_day, source, known.asked)


def _stands(own: KeptVerdict, said: Said) -> bool:
    """Return whether the reviewer's own answer to the queue says the same; raise VerdictStands if it says otherwise.

    An older word, from a sheet that is imported again, cannot take its place anyway.
    """
    if own.verdict.answer is said.answer:
        return True
    if said.at < own.verdict.at:
        return False
    raise VerdictStands(said.image_id)


def _source_of(said: Said, counting: list[KeptVerdict], salt: str) -> Source:
    """Return why a reviewer's first answer to the queue was asked for: only the first of all is the sample's."""
    is_first = said.source is Source.SAMPLED and not any(kept.verdict.source is Source.SAMPLED for kept in counting)
    if is_first:
        return Source.SAMPLED
    return Source.SECOND if is_drawn(salt, said.label, said.image_id) else Source.VOLUNTEERED


def _kept(
    said: Said, content: str, camera_day: CameraDay, source: Source = Source.VOLUNTEERED, asked: Asked | None = None
) -> KeptVerdict:
    place = (asked.stratum, asked.threshold_percent) if asked and source.was_asked else (None, None)
    verdict = Verdict(said.image_id, said.label, said.reviewer, said.answer, content, source, said.at, *place)
    return KeptVerdict(verdict, camera_day)
