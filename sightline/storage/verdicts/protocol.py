"""What a store of verdicts does. A verdict and the mark that has its day rolled up again are one write."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sightline.errors import InvalidVerdict
from sightline.models.images import CameraDay
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """What the review queue asked: an image, and where it stood then. Only an answer to it can be `sampled`."""

    image_id: str
    label: str
    content: str
    stratum: Stratum
    threshold_percent: float
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A verdict with the camera and capture day that its image had when it was given."""

    verdict: Verdict
    camera_day: CameraDay


@dataclass(frozen=True, slots=True)
class OfLabel:
    """What is kept about one image and label. asked: the last question, if there was one."""

    asked: Asked | None
    verdicts: list[KeptVerdict]


class VerdictStore(Protocol):
    """Verdicts by image, label and reviewer; the last word of each reviewer stands."""

    def setup(self) -> None:
        """Create table and index if they are missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def ask(self, asked: Iterable[Asked]) -> None:
        """Remember what was asked; a later question about the same image and label takes the place of an earlier.

        Afterwards the images are entered in the log of questions: an image is shown only when both are written.
        """

    def asked(self, image_id: str, label: str) -> Asked | None:
        """Return what was last asked about an image, consistently."""

    def write(self, kept: KeptVerdict) -> bool:
        """Keep a verdict and mark its day for the rollups, in one transaction; return whether anything changed.

        Nothing changes where the reviewer's word of that time or a later one stands already, or says the same, nor
        where a volunteered word would take the place of an answer to the queue about the same bytes.
        """

    def of_label(self, image_id: str, label: str) -> OfLabel:
        """Return the question and all verdicts about one label of an image, consistently, in one request."""

    def of_image(self, image_id: str) -> list[KeptVerdict]:
        """Return all verdicts on an image, consistently, by label and reviewer."""

    def of_day(self, camera_day: CameraDay) -> Iterator[KeptVerdict]:
        """Return the verdicts on a camera's images of a day, by label and reviewer. Eventually consistent."""

    def asked_many(self, image_ids: Iterable[str], label: str) -> dict[str, Asked]:
        """Return what was last asked about some images, consistently; those never asked about are left out."""

    def of_reviewers(
        self, image_ids: Iterable[str], label: str, reviewers: Collection[str]
    ) -> dict[str, list[KeptVerdict]]:
        """Return what these have said about one label of some images, consistently, a hundred in one request."""

    def last_entry(self) -> int:
        """Return the number of the last entry in the log of questions, consistently; 0 if there is none."""

    def asked_since(self, entry: int) -> set[str]:
        """Return the images of later entries than this one, consistently.

        Together with what `everything` has read after that entry's number was read, these are all that was asked.
        """

    def everything(self) -> Iterator[Asked | KeptVerdict]:
        """Read every question and every verdict there is, consistently, in the store's own order."""

    def scan(self, after: KeptVerdict | None = None) -> Iterator[KeptVerdict]:
        """Read every verdict there is, page after page as they are taken, or those after one that was read before.

        The order is the store's own, and stays the same: what is written meanwhile may be before or after.
        """


LONGEST_WORD_BYTES = 200
"""Of a label and of a reviewer: both together are a sort key, for which DynamoDB takes 1,024 bytes."""


def check_word(what: str, word: str) -> str:
    """Return a label's or a reviewer's name; raise InvalidVerdict if it cannot be part of a key."""
    is_short = 0 < len(word.encode("utf-8", "replace")) <= LONGEST_WORD_BYTES
    if not is_short or "#" in word or not word.isprintable() or word != word.strip():
        rule = f"a {what} has 1 to {LONGEST_WORD_BYTES} bytes, no # and no control characters or outer spaces"
        raise InvalidVerdict(repr(word), rule=rule, remedy=f"Give the {what} another name")
    return word


def verdict_key(label: str, reviewer: str) -> str:
    """Name a reviewer's verdict among those of its image."""
    return f"{check_word('label', label)}#{check_word('reviewer', reviewer)}"


def asked_key(label: str) -> str:
    """Name the question about a label: the place of a reviewer who has no name."""
    return f"{check_word('label', label)}#"


def gives_way(standing: Verdict, later: Verdict) -> bool:
    """Return whether a reviewer's later verdict takes the place of the standing one."""
    is_answer_lost = standing.counts_for(later.content) and not later.source.was_asked
    return standing.at <= later.at and not is_answer_lost and not says_the_same(standing, later)


def says_the_same(one: Verdict, other: Verdict) -> bool:
    """Return whether two verdicts of one reviewer differ in nothing but their time."""
    return (one.answer, one.content, one.source) == (other.answer, other.content, other.source)
