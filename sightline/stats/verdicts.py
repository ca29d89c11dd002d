"""What a person said about an image and a label, and which of it counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sightline.models.stored import StoredEnum
from sightline.stats.strata import Stratum


class Answer(StoredEnum):
    """What the person said."""

    PRESENT = "present"
    ABSENT = "absent"
    UNSURE = "unsure"


class Source(StoredEnum):
    """Why the person looked: the queue asked, it asked for a second look at an image, or they came by themselves."""

    SAMPLED = "sampled"
    SECOND = "second"
    VOLUNTEERED = "volunteered"

    @property
    def was_asked(self) -> bool:
        """Return whether the review queue asked."""
        return self in {Source.SAMPLED, Source.SECOND}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person's word on one image and label.

    content: sha256 (hex) of the bytes that the person saw
    stratum, threshold_percent: where the image stood when it was asked for; None for a volunteered verdict
    """

    image_id: str
    label: str
    reviewer: str
    answer: Answer
    content: str
    source: Source
    at: datetime
    stratum: Stratum | None = None
    threshold_percent: float | None = None

    @property
    def is_known(self) -> bool:
        """Return whether this version knows all values of the verdict; a newer one may have written others."""
        return self.answer.is_known and self.source.is_known and (self.stratum is None or self.stratum.is_known)

    def counts_for(self, content: str) -> bool:
        """Return whether an estimate may use it: asked for by the queue, and the image still shows those bytes.

        A volunteered verdict never counts: people come for images that look wrong, and an estimate from those
        would be of what catches the eye.
        """
        return self.source.was_asked and self.content == content


DECIDING = 3
"""How many reviewers it takes to overrule the first one. Two who differ decide nothing."""


def settle(verdicts: Iterable[Verdict]) -> Answer | None:
    """Make one answer of the verdicts that count on one image: the first sampled one, until a third reviewer decides.

    If two who differ left the image without an answer, just the hard images would drop out of the estimate. From three
    on, the majority of present and absent stands, and the first verdict where they tie. None without a sampled verdict.
    """
    given = list(verdicts)
    sampled = [verdict for verdict in given if verdict.source is Source.SAMPLED]
    if not sampled:
        return None
    first = min(sampled, key=lambda verdict: (verdict.at, verdict.reviewer)).answer
    tally = Counter(verdict.answer for verdict in given)
    balance = tally[Answer.PRESENT] - tally[Answer.ABSENT]
    if len(given) < DECIDING or balance == 0:
        return first
    return Answer.PRESENT if balance > 0 else Answer.ABSENT
