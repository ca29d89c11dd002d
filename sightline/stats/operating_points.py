"""The detector at other thresholds: precision and recall of each, as if it had been the one in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from sightline.stats.curves import PartSum, by_part, sweep
from sightline.stats.figures import Figure, figure_of, unknown_reason
from sightline.stats.posterior import DRAWS, JEFFREYS, PRIORS, Counts, Evidence, Values, draw_present, generator
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import CellSummary

ByStratum: TypeAlias = Mapping[Stratum, Evidence]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the detector is worth at one threshold. images: at or above it, which a person would look at."""

    threshold_percent: float
    images: int
    precision: Figure
    recall: Figure
    missed: Figure


def operating_points(
    cells: Sequence[CellSummary], thresholds_percent: Sequence[float], *names: str
) -> list[OperatingPoint]:
    """Estimate each threshold's figures from the verdicts of the strata as they are.

    What lies above and what lies below a threshold are parts of each stratum, named without looking at verdicts (see
    `ReviewedCell.split`). At the threshold in use the part above is stratum A, and the estimate is that of the window.
    Images of stratum D are outside. Raise ValueError for a threshold within a band.
    """
    points = sweep(cells, thresholds_percent, *names)
    steps = [point.threshold_percent for point in points]
    above, below = _above(cells, steps), _below(cells, steps)
    return [
        OperatingPoint(
            point.threshold_percent,
            point.images,
            *_shares(above[place], below[place], point.images, *names, "point", str(point.threshold_percent)),
            point.missed,
        )
        for place, point in enumerate(points)
    ]


def _below(cells: Sequence[CellSummary], steps: Sequence[float]) -> list[ByStratum]:
    """Return what lies below each threshold."""
    parts = by_part([(band, counts) for cell in cells for band, counts in cell.bands.items()])
    found, total = list[ByStratum](), PartSum()
    for low, high in pairwise([float("-inf"), *steps]):
        for band in sorted(parts):
            if low <= band < high:
                total.add(parts[band])
        found.append(total.evidence())
    return found


def _above(cells: Sequence[CellSummary], steps: Sequence[float]) -> list[ByStratum]:
    """Return what lies at or above each threshold."""
    parts = by_part([(band, counts) for cell in cells for band, counts in cell.bands.items()])
    found, total = list[ByStratum](), PartSum()
    for high, low in pairwise([float("inf"), *reversed(steps)]):
        for band in sorted(parts):
            if low <= band < high:
                total.add(parts[band])
        found.append(total.evidence())
    return found[::-1]


def _shares(above: ByStratum, below: ByStratum, images: int, *names: str) -> tuple[Figure, Figure]:
    """Return precision and recall. What is missed is rare, and drawn under each prior: see `posterior`."""
    found_unknown, missed_unknown = unknown_reason(above, ESTIMATED), unknown_reason(below, ESTIMATED)
    precisions, recalls = list[Values](), list[Values]()
    for found_in, missed_in in [] if found_unknown else _worlds(above, below):
        found = _total(found_in, JEFFREYS, *names, "found")
        for prior in PRIORS:  # `hull` takes the median of the second
            if images:
                precisions.append(found / images)
            if not missed_unknown:
                there = found + _total(missed_in, prior, *names, "missed")
                recalls.append(found[there > 0] / there[there > 0])
    is_seen = any(each.present for side in (above, below) for each in side.values())
    return (
        figure_of(precisions, found_unknown, "no image is at or above it"),
        figure_of(
            recalls,
            missed_unknown or found_unknown,
            "nothing is present",
            "" if is_seen else "no reviewed image shows the label",
        ),
    )


def _worlds(above: ByStratum, below: ByStratum) -> list[tuple[ByStratum, ByStratum]]:
    """Return the evidence, and the worst and the best that it leaves possible if some images may be either."""
    if not any(each.ends for side in (above, below) for each in side.values()):
        return [(above, below)]
    return [(above, below), (_least(above), _most(below)), (_most(above), _least(below))]


def _least(side: ByStratum) -> ByStratum:
    return {stratum: each.least for stratum, each in side.items()}


def _most(side: ByStratum) -> ByStratum:
    return {stratum: each.most for stratum, each in side.items()}


def _total(side: ByStratum, prior: float, *names: str) -> Counts:
    """Draw how many images are present on one side."""
    source, total = generator(*names), np.zeros(DRAWS, dtype=np.int64)
    for stratum in ESTIMATED:
        total += draw_present(side[stratum], source, prior)
    return total
