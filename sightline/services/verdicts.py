"""Turn what a person said about an image into a verdict on the image's current bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sightline.errors import InvalidVerdict
from sightline.services.collaborators import Services
from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.verdicts.protocol import KeptVerdict, VerdictStore, verdict_key


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said about an image.

    content: the SHA-256 (hex) of the bytes that they saw, if known
    source: why they looked at it, if recorded
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


def verdict_of(said: Said, judge: Judge) -> KeptVerdict:
    """Return the verdict: `sampled` if the review queue asked about these very bytes, else `volunteered`.

    A verdict volunteered before the queue asked stays volunteered. Raise InvalidUri, NotWatched, or InvalidVerdict if
    the image is unknown or its bytes have changed.
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
    asked = None if said.source is Source.VOLUNTEERED else judge.verdicts.asked(said.image_id, said.label)
    is_sampled = asked is not None and asked.content == content
    if said.source is Source.SAMPLED and not is_sampled:
        remedy = "Leave its source empty; it is then stored as volunteered"
        raise InvalidVerdict(
            said.image_id, rule="the queue did not ask about these bytes, so it is not sampled", remedy=remedy
        )
    verdict = Verdict(
        said.image_id,
        said.label,
        said.reviewer,
        said.answer,
        content,
        Source.SAMPLED if is_sampled else Source.VOLUNTEERED,
        said.at,
        asked.stratum if asked and is_sampled else None,
        asked.threshold_percent if asked and is_sampled else None,
    )
    return KeptVerdict(verdict, row.capture.camera_day)
