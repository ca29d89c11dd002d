"""Figures along an axis: other thresholds, bins of confidence, hours of the day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from accuracy.counts import CellCounts, ReviewedCell
from accuracy.figures import Figure, Figures, NotEstimable, estimate, hull, unknown_reason
from accuracy.posterior import PRIORS, Evidence, Values, draw_present, generator
from accuracy.sampling import Candidate
from accuracy.strata import ESTIMATED, Stratum
from accuracy.windows import evidence_of

BIN_PERCENT = 10


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """What another threshold would cost: images to look at, against images missed."""

    threshold_percent: float
    images: int
    missed: Figure


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """How often a confidence is right: the share of images that show the label, among those from `low` to `high`."""

    low_percent: float
    high_percent: float
    images: int
    decided: int
    mean_percent: float
    share: Figure


@dataclass(frozen=True, slots=True)
class HourFigures:
    """The figures of one hour of the day (0–23 in the camera's time zone), over all days of a window."""

    hour: int
    images: int
    decided: int
    figures: Figures


def sweep(cells: Sequence[ReviewedCell], thresholds_percent: Sequence[float], *names: str) -> list[SweepPoint]:
    """Estimate, for each threshold, how many present images would stay below it.

    The verdicts are those of the strata as they are; below a threshold lies a part of each stratum (see
    `ReviewedCell.split`). Images of stratum D are outside.
    """
    steps = sorted(thresholds_percent)
    parts = _parts(cells, lambda candidate: bisect_right(steps, _or_nothing(candidate)))
    below = list(accumulate((parts.get(band, []) for band in range(len(steps))), _added))
    total = sum(_images(part) for part in parts.values())
    return [
        SweepPoint(step, total - _images(part), _present(evidence_of(part), *names, "sweep", str(step)))
        for step, part in zip(steps, below, strict=True)
    ]


def calibration(cells: Sequence[ReviewedCell], *names: str) -> list[CalibrationBin]:
    """Compare confidences with the truth, in bins of `BIN_PERCENT`; bins without an image are left out."""
    parts = _parts(cells, _bin_of)
    confidences: defaultdict[int | None, list[float]] = defaultdict(list)
    for candidate in (candidate for cell in cells for candidate in cell.candidates):
        confidences[_bin_of(candidate)].append(_or_nothing(candidate))
    return [_calibration_bin(place, parts[place], confidences[place], *names) for place in sorted(parts)]


def by_hour(cells: Sequence[ReviewedCell], *names: str) -> list[HourFigures]:
    """Estimate each hour of the day that has an image, by its share of the verdicts."""
    parts = _parts(cells, lambda candidate: candidate.hour)
    return [
        HourFigures(
            hour,
            _images(parts[hour]),
            _decided(parts[hour]),
            estimate(evidence_of(parts[hour]), *names, "hour", str(hour)),
        )
        for hour in sorted(parts)
    ]


def _parts(cells: Sequence[ReviewedCell], key: Callable[[Candidate], int | None]) -> dict[int, list[CellCounts]]:
    parts: defaultdict[int, list[CellCounts]] = defaultdict(list)
    for cell in cells:
        for part, counts in cell.split(key).items():
            parts[part].append(counts)
    return dict(parts)


def _added(some: list[CellCounts], others: list[CellCounts]) -> list[CellCounts]:
    """Add two parts of the same cells."""
    merged = {counts.cell: counts for counts in some}
    for counts in others:
        known = merged.get(counts.cell, CellCounts(counts.cell, {}))
        merged[counts.cell] = CellCounts(counts.cell, {s: known.tally(s) + counts.tally(s) for s in Stratum})
    return list(merged.values())


def _images(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).population for counts in part for stratum in ESTIMATED)


def _decided(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).decided for counts in part for stratum in ESTIMATED)


def _or_nothing(candidate: Candidate) -> float:
    """Give the confidence; an absent label lies below every threshold."""
    return -1.0 if candidate.confidence_percent is None else candidate.confidence_percent


def _bin_of(candidate: Candidate) -> int | None:
    if candidate.confidence_percent is None:
        return None
    return min(int(candidate.confidence_percent // BIN_PERCENT), 100 // BIN_PERCENT - 1)


def _calibration_bin(
    place: int, part: Sequence[CellCounts], confidences: Sequence[float], *names: str
) -> CalibrationBin:
    share = _present(evidence_of(part), *names, "bin", str(place), divisor=len(confidences))
    low = float(place * BIN_PERCENT)
    return CalibrationBin(low, low + BIN_PERCENT, len(confidences), _decided(part), float(np.mean(confidences)), share)


def _present(evidence: Mapping[Stratum, Evidence], *names: str, divisor: int = 1) -> Figure:
    """Estimate the present images of all strata together, divided by `divisor`."""
    unknown = unknown_reason(evidence, ESTIMATED)
    if unknown:
        return NotEstimable(unknown)
    return hull([_drawn(evidence, prior, *names) / divisor for prior in PRIORS])


def _drawn(evidence: Mapping[Stratum, Evidence], prior: float, *names: str) -> Values:
    source = generator(*names)
    total = sum(draw_present(evidence[stratum], source, prior) for stratum in ESTIMATED)
    return np.asarray(total, dtype=np.float64)
