"""The detector at other thresholds: precision and recall of each, as if it had been the one in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sightline.stats.curves import drawing_below, present
from sightline.stats.drawing import Drawing
from sightline.stats.figures import Figure, figure_of, ratio, unknown_reason
from sightline.stats.posterior import JEFFREYS, PRIORS, Evidence, Values
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import CellSummary
from sightline.stats.thresholds import Side, above, bands_of, below

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

    At the threshold in use the part above it is stratum A, and the estimate is that of the window.
    Raise ValueError for a threshold within a band.
    """
    bands = bands_of(cells)
    both = zip(below(bands, thresholds_percent), above(bands, thresholds_percent), strict=True)
    return [_point(lower, upper, *names) for lower, upper in both]


def _point(lower: Side, upper: Side, *names: str) -> OperatingPoint:
    """Estimate one threshold. What lies below it is drawn once, for recall and for the number missed."""
    below_it = drawing_below(lower, *names)
    above_it = Drawing(*names, "point", str(lower.threshold_percent), "found")
    shares = _shares(upper.evidence, lower.evidence, upper.images, above_it, below_it)
    return OperatingPoint(lower.threshold_percent, upper.images, *shares, present(lower.evidence, below_it))


def _shares(
    above: ByStratum, below: ByStratum, images: int, above_it: Drawing, below_it: Drawing
) -> tuple[Figure, Figure]:
    """Return precision and recall. What is missed is rare, and drawn under each prior: see `posterior`."""
    found_unknown, missed_unknown = unknown_reason(above, ESTIMATED), unknown_reason(below, ESTIMATED)
    precisions, recalls = list[Values](), list[Values]()
    for found_in, missed_in in [] if found_unknown else _worlds(above, below):
        found = above_it.total((found_in[s], JEFFREYS) for s in ESTIMATED)
        for prior in PRIORS:  # `hull` takes the median of the second
            if images:
                precisions.append(found / images)
            if not missed_unknown:
                recalls.append(ratio(found, found + below_it.total((missed_in[s], prior) for s in ESTIMATED)))
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
