"""What a store of the review's batches does: the images that one reviewer looks at in one go, and the answers to them.

The answers are verdicts as well. A batch remembers them so that its pages need one read, and so that none is taken once
the detector's answers were shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer

BATCHES_LAST = timedelta(days=400)
HOLDS_LAST = timedelta(hours=2)
"""How long nobody else is asked about a batch's images: forty pictures take minutes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a batch.

    taken_at: with the camera's own offset
    stratum, confidence_percent: what the detector said when it was asked about, which no page tells before the
    batch is closed
    was_viewed: the reviewer had seen the detector's answer before
    """

    image_id: str
    content: str
    camera: str
    taken_at: datetime
    stratum: Stratum
    confidence_percent: float | None
    was_viewed: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and when it was given last."""

    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True)
class ChosenFrom:
    """From what a batch's images were chosen, so that the next batch goes on there.

    camera: None for all cameras; day: the last day, None for that of the review's plan; is_second: they are second
    looks, of any camera and day
    """

    camera: str | None = None
    day: str | None = None
    window_days: int = 1
    is_second: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Images about which one reviewer is asked in one go. Pictures are numbered from 1.

    batch_id: a ULID, so that batches are in the order of their making; threshold_percent: from where on the detector
    says `present`; put_off: shown again at the end; lost: can no longer be judged; closed_at: when the detector's
    answers were shown, after which no answer is taken; doubted: of these answers the user is not sure since then;
    chosen_from: None if an older version began the batch
    """

    batch_id: str
    user: str
    label: str
    threshold_percent: float
    pictures: tuple[Picture, ...]
    made_at: datetime
    answers: Mapping[int, Given] = field(default_factory=dict)
    put_off: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    closed_at: datetime | None = None
    doubted: frozenset[int] = frozenset()
    chosen_from: ChosenFrom | None = None

    def picture(self, number: int) -> Picture | None:
        """Return a picture by its number."""
        return self.pictures[number - 1] if 1 <= number <= len(self.pictures) else None

    def next_open(self) -> int | None:
        """Return the picture to look at next; those that were put off come last. None if all are answered."""
        return next(iter(self.waiting()), None)

    def waiting(self) -> list[int]:
        """Return the pictures without an answer, in the order in which they are shown."""
        numbers = [n for n in range(1, len(self.pictures) + 1) if n not in self.answers and n not in self.lost]
        return sorted(numbers, key=lambda number: (number in self.put_off, number))

    def before(self, number: int) -> int | None:
        """Return the picture that was answered before this one; the last one answered if this one was not."""
        own = self.answers.get(number)
        earlier = [(given.at, n) for n, given in self.answers.items() if n != number]
        if own is not None:
            earlier = [each for each in earlier if each < (own.at, number)]
        return max(earlier)[1] if earlier else None


class BatchStore(Protocol):
    """Batches by user. All reads are consistent."""

    def hold(self, label: str, image_ids: Iterable[str], batch_id: str, lasts: timedelta) -> set[str]:
        """Hold images for a batch; return those that no other batch holds."""

    def held(self, label: str) -> set[str]:
        """Return the images that some batch holds."""

    def release(self, label: str, image_ids: Iterable[str], batch_id: str) -> None:
        """Hold images no longer, if they are this batch's."""

    def begin(self, batch: Batch) -> Batch:
        """Keep a batch; return the one that the user has open for the label: this one, unless there was one before."""

    def open_of(self, user: str) -> list[Batch]:
        """Return the user's open batches: at most one of each label."""

    def get(self, user: str, batch_id: str) -> Batch | None:
        """Return a user's batch."""

    def newest(self, user: str, limit: int) -> list[Batch]:
        """Return a user's batches, the newest first."""

    def answer(self, batch: Batch, number: int, given: Given) -> None:
        """Remember an answer; a later one takes its place."""

    def put_off(self, batch: Batch, number: int) -> None:
        """Show a picture again at the end."""

    def lose(self, batch: Batch, number: int) -> None:
        """Ask about a picture no more."""

    def doubt(self, batch: Batch, number: int) -> None:
        """Remember that the user doubts an answer."""

    def close(self, batch: Batch, at: datetime) -> None:
        """Close a batch. It stays closed since the first time."""
