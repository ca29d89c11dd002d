"""Verdicts for the tests of their store."""

from dataclasses import dataclass
from datetime import timedelta

from sightline.models.images import CameraDay
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.operations import Operations
from sightline.storage.verdicts.protocol import Asked, KeptVerdict, VerdictStore
from sightline.testing.clocks import MovingClock

MONDAY, TUESDAY = CameraDay("yard", "2026-11-02"), CameraDay("yard", "2026-11-03")
IMAGE = "s3://frames/yard/2026-11-02/é 1.jpg"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stores:
    """A store of verdicts, and where it leaves its marks."""

    verdicts: VerdictStore
    operations: Operations


def asked(clock: MovingClock, image_id: str = IMAGE, content: str = "aa") -> Asked:
    return Asked(image_id, "Person", content, Stratum.C, 50.0, clock.now)


def kept(
    clock: MovingClock,
    answer: Answer = Answer.PRESENT,
    reviewer: str = "ann",
    image_id: str = IMAGE,
    day: CameraDay = MONDAY,
) -> KeptVerdict:
    verdict = Verdict(image_id, "Person", reviewer, answer, "aa", Source.SAMPLED, clock.now, Stratum.B, 62.5)
    return KeptVerdict(verdict, day)
