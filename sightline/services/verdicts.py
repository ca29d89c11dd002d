"""Giving verdicts: what a person said becomes a verdict on the bytes that the image shows now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sightline.errors import InvalidVerdict
from sightline.services.collaborators import Services
from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.verdicts.keys import verdict_key
from sightline.storage.verdicts.protocol import KeptVerdict, VerdictStore


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of an image.

    content: the bytes that they saw, where that is known (sha256, hex)
    source: why they looked, where that was written down before
    """

    uri: str
    label: str
    reviewer: str
    answer: Answer
    at: datetime
    content: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """What is needed to make a verdict of it."""

    images: ImageStore
    verdicts: VerdictStore
    plan: AccuracyPlan
    clock: Callable[[], datetime]


def judge_of(services: Services) -> Judge:
    """Take from the services what is needed."""
    return Judge(services.images, services.verdicts, services.accuracy, services.clock)


def verdict_of(said: Said, judge: Judge) -> KeptVerdict:
    """Make the verdict. `sampled` is an answer to what the queue asked about these very bytes, else `volunteered`.

    What was volunteered before the queue asked stays so. Raise InvalidUri, NotWatched, or InvalidVerdict where the
    image is not known or shows other bytes.
    """
    judge.plan.rule_of(said.label)
    verdict_key(said.label, said.reviewer)
    row = judge.images.get(str(ObjectUri.parse(said.uri)))
    if row is None or row.content is None or row.capture is None:
        raise InvalidVerdict(said.uri, rule="the image must have been ingested", remedy="`sightline add` it first")
    content = row.content.sha256
    if said.content not in {None, content}:
        raise InvalidVerdict(said.uri, rule="the image shows other bytes by now", remedy="Look at it again")
    if said.at > judge.clock():
        raise InvalidVerdict(said.uri, rule=f"{said.at.isoformat()} is in the future", remedy="Correct the time")
    asked = None if said.source is Source.VOLUNTEERED else judge.verdicts.asked(said.uri, said.label)
    is_sampled = asked is not None and asked.content == content
    if said.source is Source.SAMPLED and not is_sampled:
        remedy = "Leave its source empty; it is kept as volunteered"
        raise InvalidVerdict(
            said.uri, rule="the queue did not ask about these bytes, so it is not sampled", remedy=remedy
        )
    verdict = Verdict(
        said.uri,
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
