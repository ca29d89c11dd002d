"""Figures along an axis: other thresholds, bins of confidence, hours of the day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sightline.stats.counts import CellCounts, by_part, images_of
from sightline.stats.drawing import Drawing
from sightline.stats.figures import Figure, Figures, NotEstimable, estimate, hull, unknown_reason
from sightline.stats.posterior import PRIORS, Evidence
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import ABSENT, CellSummary
from sightline.stats.thresholds import Bands, Side, bands_of, below
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

    Raise ValueError for a threshold within a band.
    """
    bands = bands_of(cells)
    return sweep_of(bands, below(bands, thresholds_percent), *names)


def sweep_of(bands: Bands, sides: Sequence[Side], *names: str) -> list[SweepPoint]:
    """Return the points of a sweep. sides: what lies below each threshold."""
    total = sum(images_of(part) for part in bands.values())
    return [
        SweepPoint(
            side.threshold_percent,
            total - side.images,
            _present(side.evidence, *names, "sweep", str(side.threshold_percent)),
        )
        for side in sides
    ]


def calibration(cells: Sequence[CellSummary], *names: str) -> list[CalibrationBin]:
    """Compare confidences with the truth, in bins of `BIN_PERCENT`; bins without an image are left out."""
    bands = [(band, counts) for cell in cells for band, counts in cell.bands.items() if band != ABSENT]
    parts = {low: _together(part) for low, part in by_part(_binned(bands)).items()}
    sums: defaultdict[int, float] = defaultdict(float)
    for low, confidences in _binned([each for cell in cells for each in cell.confidence_sums.items()]):
        sums[low] += confidences
    return [_calibration_bin(low, parts[low], sums[low], *names) for low in sorted(parts)]


def by_hour(cells: Sequence[CellSummary], *names: str) -> list[HourFigures]:
    """Estimate each hour of the day that has an image, by its share of the verdicts."""
    parts = by_part([(hour, counts) for cell in cells for hour, counts in cell.hours.items()])
    return [
        HourFigures(
            hour,
            images_of(parts[hour]),
            _decided(parts[hour]),
            estimate(evidence_of(parts[hour]), *names, "hour", str(hour)),
        )
        for hour in sorted(parts)
    ]


def _binned(pairs: Iterable[tuple[int, T]]) -> list[tuple[int, T]]:
    """Name the bin of each band by its lower end."""
    return [(band // BIN_PERCENT * BIN_PERCENT, each) for band, each in pairs]


def _together(counts: Iterable[CellCounts]) -> list[CellCounts]:
    """Add up parts of the same cells."""
    merged: dict[Cell, CellCounts] = {}
    for each in counts:
        known = merged.get(each.cell)
        merged[each.cell] = _sum_of(known, each) if known else each
    return list(merged.values())


def _sum_of(one: CellCounts, other: CellCounts) -> CellCounts:
    return CellCounts(one.cell, {s: one.tally(s) + other.tally(s) for s in {**one.tallies, **other.tallies}})


def _decided(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).decided for counts in part for stratum in ESTIMATED)


def _calibration_bin(low: int, part: Sequence[CellCounts], confidences: float, *names: str) -> CalibrationBin:
    images = images_of(part)
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
    drawing = Drawing(*names)
    totals = [drawing.total((world[s], prior) for s in ESTIMATED) for world in worlds for prior in PRIORS]
    return hull([total / divisor for total in totals])
