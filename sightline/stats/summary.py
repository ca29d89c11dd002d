"""One reviewed cell in numbers alone: what a window needs of a day, so that its images need not be read again.

A day's images are read when the day is rolled up; a window of 28 days then reads 28 summaries for each camera, however
many images there were.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sightline.stats.counts import CellCounts, ReviewedCell
from sightline.stats.sampling import Candidate, Cell

BAND_PERCENT = 5
"""Confidences are counted in bands of this width: thresholds that are compared lie between them."""

ABSENT = -1
"""The band of images where the label is absent: below every threshold."""


@dataclass(frozen=True, slots=True)
class CellSummary:
    """The counts of a cell, and of its parts by hour of the day and by band of confidence.

    confidence_sums: band → sum of its images' confidences, in percent
    """

    cell: Cell
    counts: CellCounts
    hours: Mapping[int, CellCounts]
    bands: Mapping[int, CellCounts]
    confidence_sums: Mapping[int, float]


def summarise(reviewed: ReviewedCell) -> CellSummary:
    """Count a cell in each way that is asked for later."""
    sums: defaultdict[int, float] = defaultdict(float)
    for candidate in reviewed.candidates:
        if candidate.confidence_percent is not None:
            sums[band_of(candidate)] += candidate.confidence_percent
    return CellSummary(
        reviewed.cell,
        reviewed.counts(),
        reviewed.split(lambda candidate: candidate.hour),
        reviewed.split(band_of),
        dict(sums),
    )


def band_of(candidate: Candidate) -> int:
    """Name the band of a candidate by its lower end in percent; 100 % belongs to the highest."""
    if candidate.confidence_percent is None:
        return ABSENT
    return min(int(candidate.confidence_percent // BAND_PERCENT) * BAND_PERCENT, 100 - BAND_PERCENT)
