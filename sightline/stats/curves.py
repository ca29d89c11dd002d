"""Figures along an axis: other thresholds, bins of confidence, hours of the day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sightline.stats.counts import CellCounts
from sightline.stats.figures import Figure, Figures, NotEstimable, estimate, hull, unknown_reason
from sightline.stats.posterior import PRIORS, Evidence, Values, draw_present, generator
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import ABSENT, BAND_PERCENT, CellSummary
from sightline.stats.windows import evidence_of

T = TypeVar("T")

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


def sweep(cells: Sequence[CellSummary], thresholds_percent: Sequence[float], *names: str) -> list[SweepPoint]:
    """Estimate, for each threshold, how many present images would stay below it.

    The verdicts are those of the strata as they are; below a threshold lies a part of each stratum (see
    `ReviewedCell.split`). Images of stratum D are outside. Raise ValueError for a threshold within a band.
    """
    steps = sorted(thresholds_percent)
    if any(step % BAND_PERCENT for step in steps):
        raise ValueError(f"thresholds {steps}: each must be a multiple of {BAND_PERCENT} %")
    parts = _results([(band, counts) for cell in cells for band, counts in cell.bands.items()])
    below = [_together(each for band, part in parts.items() if band < step for each in part) for step in steps]
    total = sum(_images(part) for part in parts.values())
    return [
        SweepPoint(step, total - _images(part), _present(evidence_of(part), *names, "sweep", str(step)))
        for step, part in zip(steps, below, strict=True)
    ]


def calibration(cells: Sequence[CellSummary], *names: str) -> list[CalibrationBin]:
    """Compare confidences with the truth, in bins of `BIN_PERCENT`; bins without an image are left out."""
    bands = [(band, counts) for cell in cells for band, counts in cell.bands.items() if band != ABSENT]
    parts = {low: _together(part) for low, part in _results(_binned(bands)).items()}
    sums: defaultdict[int, float] = defaultdict(float)
    for low, confidences in _binned([each for cell in cells for each in cell.confidence_sums.items()]):
        sums[low] += confidences
    return [_calibration_bin(low, parts[low], sums[low], *names) for low in sorted(parts)]


def by_hour(cells: Sequence[CellSummary], *names: str) -> list[HourFigures]:
    """Estimate each hour of the day that has an image, by its share of the verdicts."""
    parts = _results([(hour, counts) for cell in cells for hour, counts in cell.hours.items()])
    return [
        HourFigures(
            hour,
            _images(parts[hour]),
            _decided(parts[hour]),
            estimate(evidence_of(parts[hour]), *names, "hour", str(hour)),
        )
        for hour in sorted(parts)
    ]


def _results(pairs: Iterable[tuple[int, CellCounts]]) -> dict[int, list[CellCounts]]:
    parts: defaultdict[int, list[CellCounts]] = defaultdict(list)
    for part, counts in pairs:
        parts[part].append(counts)
    return dict(parts)


def _binned(pairs: Iterable[tuple[int, T]]) -> list[tuple[int, T]]:
    """Name the bin of each band by its lower end."""
    return [(band // BIN_PERCENT * BIN_PERCENT, each) for band, each in pairs]


def _together(counts: Iterable[CellCounts]) -> list[CellCounts]:
    """Add up parts of the same cells."""
    merged: dict[Cell, CellCounts] = {}
    for each in counts:
        known = merged.get(each.cell, CellCounts(each.cell, {}))
        merged[each.cell] = CellCounts(each.cell, {s: known.tally(s) + each.tally(s) for s in Stratum})
    return list(merged.values())


def _images(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).population for counts in part for stratum in ESTIMATED)


def _decided(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).decided for counts in part for stratum in ESTIMATED)


def _calibration_bin(low: int, part: Sequence[CellCounts], confidences: float, *names: str) -> CalibrationBin:
    images = _images(part)
    share = _present(evidence_of(part), *names, "bin", str(low // BIN_PERCENT), divisor=images)
    return CalibrationBin(float(low), float(low + BIN_PERCENT), images, _decided(part), confidences / images, share)


def _present(evidence: Mapping[Stratum, Evidence], *names: str, divisor: int = 1) -> Figure:
    """Estimate the present images of all strata together, divided by `divisor`."""
    unknown = unknown_reason(evidence, ESTIMATED)
    if unknown:
        return NotEstimable(unknown)
    least = {stratum: each.least for stratum, each in evidence.items()}
    most = {stratum: each.most for stratum, each in evidence.items()}
    worlds = [evidence, least, most] if any(each.ends for each in evidence.values()) else [evidence]
    return hull([_drawn(world, prior, *names) / divisor for world in worlds for prior in PRIORS])


def _drawn(evidence: Mapping[Stratum, Evidence], prior: float, *names: str) -> Values:
    source = generator(*names)
    total = sum(draw_present(evidence[stratum], source, prior) for stratum in ESTIMATED)
    return np.asarray(total, dtype=np.float64)
