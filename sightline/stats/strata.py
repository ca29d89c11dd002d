"""Which stratum an image belongs to, for one label at one threshold.

A  the label was found at or above the threshold: a positive of the detector
B  close to it: found between the low threshold and the threshold, or a synonym or parent was found
C  everything else: a plain negative
D  unknown: the label is absent and the analysis was cut above the threshold, so it might have been there
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.models.stored import StoredEnum


class Stratum(StoredEnum):
    """One part of a cell's images; the four are disjoint and together are all analysed images."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


ESTIMATED = (Stratum.A, Stratum.B, Stratum.C)
"""The strata that take part in the estimate."""

NEGATIVES = (Stratum.B, Stratum.C)
"""The strata that the detector calls negative: what is present there was missed."""


@dataclass(frozen=True, slots=True)
class StrataRule:
    """What makes a positive.

    threshold_percent: at or above it the detector counts as positive
    low_percent: from here up to the threshold an image is close enough to be a stratum of its own
    related_labels: names of synonyms and parents, whose presence makes the label's absence doubtful
    """

    label: str
    threshold_percent: float = 50.0
    low_percent: float = 20.0
    related_labels: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.low_percent <= self.threshold_percent <= 100:  # noqa: PLR2004 - percent
            message = (
                f"thresholds {self.low_percent} and {self.threshold_percent} of {self.label}: 0 ≤ low ≤ high ≤ 100"
            )
            raise ValueError(message)

    def stratum_of(self, found: Mapping[str, float], cut_percent: float | None) -> Stratum:
        """Sort one analysed image.

        Args:
            found: name of each label in the answer → its confidence in percent.
            cut_percent: nothing below it could be in the answer; None if nothing was cut.
        """
        confidence = found.get(self.label)
        if confidence is None:
            return self._of_absent(found, cut_percent)
        if confidence >= self.threshold_percent:
            return Stratum.A
        return Stratum.B if confidence >= self.low_percent or self._has_related_labels(found) else Stratum.C

    def _of_absent(self, found: Mapping[str, float], cut_percent: float | None) -> Stratum:
        if cut_percent is not None and cut_percent > self.threshold_percent:
            # Checked before related labels: with the label cut away, even the detector's own answer is unknown.
            return Stratum.D
        return Stratum.B if self._has_related_labels(found) else Stratum.C

    def _has_related_labels(self, found: Mapping[str, float]) -> bool:
        return not self.related_labels.isdisjoint(found)
