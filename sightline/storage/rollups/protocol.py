"""What a store of rollups does: it keeps the figures of a window, and says how they came to change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from sightline.models.answers import Json
from sightline.models.images import CameraDay

ALL_CAMERAS = ""
"""The camera of a rollup of all of them together: no camera has this name."""


@dataclass(frozen=True, slots=True)
class RollupKey:
    """Which figures: of a camera and label, over `window_days` capture days that end with `end_day` (YYYY-MM-DD).

    model: the detector's version; method: how positives are recognised and figures estimated. Neither is pooled.
    """

    camera: str
    label: str
    window_days: int
    end_day: str
    model: str
    method: str


@dataclass(frozen=True, slots=True)
class Rollup:
    """One revision of a window.

    figures: as JSON, written by `sightline.services.rollups.figures`
    reason: what made this revision; verdicts_hash, population_hash: of what it was made from
    opened_at: when the first revision was written
    late_images, late_verdicts: how many came too late to re-open the day; they are part of no revision
    """

    key: RollupKey
    revision: int
    reason: str
    verdicts_hash: str
    population_hash: str
    opened_at: datetime
    at: datetime
    figures: Mapping[str, Json]
    late_images: int = field(default=0, compare=False)
    late_verdicts: int = field(default=0, compare=False)


HourCounts: TypeAlias = Mapping[tuple[int, int], int]
"""Hour of the day and whole percent of confidence (87 for 87.9) → how many images of a day show a label so."""


class RollupStore(Protocol):
    """Rollups by key."""

    def setup(self) -> None:
        """Create the table if it is missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def get(self, key: RollupKey) -> Rollup | None:
        """Read one rollup, consistently."""

    def write(self, rollup: Rollup) -> bool:
        """Keep a revision, on condition that the one before it stands; return whether that was so."""

    def between(self, camera: str, label: str, window_days: int, first_day: str, last_day: str) -> Iterator[Rollup]:
        """Return the windows of one length that end on days first to last, both included, consistently, by end day."""

    def newest_first(
        self, camera: str, label: str, window_days: int, first_day: str, last_day: str
    ) -> Iterator[Rollup]:
        """Return the same windows the other way round, a few at a time: who needs the last reads no others."""

    def note_late(self, key: RollupKey, images: int, verdicts: int) -> None:
        """Note how many images and verdicts came too late to re-open the day; no new revision."""

    def keep_hour_counts(self, day: CameraDay, read_at: datetime, counts: Mapping[str, HourCounts]) -> bool:
        """Keep how many images of a day show each label, unless what stands was read later; return whether it is kept.

        read_at: when the images began to be read; counts: by label, of all that are watched, so that none stays behind
        """

    def hour_counts(
        self, label: str, first_day: str, last_day: str, camera: str | None = None
    ) -> Iterator[tuple[CameraDay, HourCounts]]:
        """Return what is kept of a label on days first to last, both included, consistently; of a camera or of all.

        The store reads all cameras' days, but returns only that camera's. A day on which the label was not watched is
        left out.
        """
