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
    """Why the person looked: the review queue asked, or they came by themselves."""

    SAMPLED = "sampled"
    VOLUNTEERED = "volunteered"


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
        return self.source is Source.SAMPLED and self.content == content


def settle(answers: Iterable[Answer]) -> Answer:
    """Make one answer of those of several reviewers: the majority of present and absent; unsure where they tie."""
    tally = Counter(answers)
    balance = tally[Answer.PRESENT] - tally[Answer.ABSENT]
    if balance == 0:
        return Answer.UNSURE
    return Answer.PRESENT if balance > 0 else Answer.ABSENT
