"""What the detector had found in the pictures of a closed batch, beside what the reviewer said of them."""

from dataclasses import dataclass
from typing import Self

from sightline.stats.verdicts import Answer
from sightline.storage.users.batches import Batch, Picture


@dataclass(frozen=True, slots=True)
class Revealed:
    """A picture that was answered. detector: what it said, `present` from the threshold up."""

    number: int
    picture: Picture
    answer: Answer
    detector: Answer

    @property
    def is_alike(self) -> bool:
        """Return whether both said the same."""
        return self.answer is self.detector


@dataclass(frozen=True, slots=True)
class Reveal:
    """The answered pictures: what was left unanswered stays hidden, for it may be asked about again."""

    pictures: tuple[Revealed, ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Compare the answers of a batch with the detector's."""
        return cls(
            tuple(
                Revealed(number, picture, given.answer, _detectors(picture, batch.threshold_percent))
                for number, given in sorted(batch.answers.items())
                if (picture := batch.picture(number)) is not None
            )
        )

    @property
    def decided(self) -> int:
        """How many answers were not `unsure`."""
        return sum(each.answer is not Answer.UNSURE for each in self.pictures)

    @property
    def alike(self) -> int:
        """How many answers are the detector's."""
        return sum(each.is_alike for each in self.pictures)

    @property
    def agreement(self) -> str:
        """Return in words with how many of the answers the detector agrees."""
        unsure = len(self.pictures) - self.decided
        besides = f"You were unsure of {unsure} picture{'' if unsure == 1 else 's'}." if unsure else ""
        match self.decided:
            case 0:
                return besides or "You answered none of the pictures."
            case 1:
                said = f"The detector {'agrees' if self.alike else 'does not agree'} with your answer."
            case _:
                said = f"The detector agrees with {self.alike} of your {self.decided} answers."
        return f"{said} {besides}".strip()

    @property
    def has_days(self) -> bool:
        """Return whether the pictures are of several days, so that a time alone does not tell when."""
        return len({each.picture.taken_at.date() for each in self.pictures}) > 1

    @property
    def viewed(self) -> int:
        """How many pictures' answers the reviewer had seen before."""
        return sum(each.picture.was_viewed for each in self.pictures)


def _detectors(picture: Picture, threshold_percent: float) -> Answer:
    percent = picture.confidence_percent
    return Answer.PRESENT if percent is not None and percent >= threshold_percent else Answer.ABSENT
