"""Figures along an axis: other thresholds, bins of confidence, hours of the day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sightline.stats.counts import CellCounts, by_part, images_of
from sightline.stats.drawing import Drawing
from sightline.stats.figures import Figure, Figures, NotEstimable, estimate, hull, unknown_reason
from sightline.stats.posterior import PRIORS, Evidence
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import ABSENT, CellSummary
from sightline.stats.thresholds import Side, bands_of, below, within
from sightline.stats.windows import evidence_of

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
    total = sum(tally.population for band in bands.values() for _, _, tally in band)
    return [
        SweepPoint(side.threshold_percent, total - side.images, present(side.evidence, drawing_below(side, *names)))
        for side in below(bands, thresholds_percent)
    ]


def drawing_below(side: Side, *names: str) -> Drawing:
    """Return the draws of what lies below a threshold."""
    return Drawing(*names, "sweep", str(side.threshold_percent))


def calibration(cells: Sequence[CellSummary], *names: str) -> list[CalibrationBin]:
    """Compare confidences with the truth, in bins of `BIN_PERCENT`; bins without an image are left out."""
    bands = bands_of(cells)
    sums: defaultdict[int, float] = defaultdict(float)
    for cell in cells:
        for band, confidences in cell.confidence_sums.items():
            sums[_bin_of(band)] += confidences
    bins = sorted({_bin_of(band) for band, part in bands.items() if part and band != ABSENT})
    return [_calibration_bin(low, within(bands, low, low + BIN_PERCENT), sums[low], *names) for low in bins]


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


def _bin_of(band: int) -> int:
    """Name the bin of a band by its lower end."""
    return band // BIN_PERCENT * BIN_PERCENT


def _decided(part: Sequence[CellCounts]) -> int:
    return sum(counts.tally(stratum).decided for counts in part for stratum in ESTIMATED)


def _calibration_bin(low: int, part: Side, confidences: float, *names: str) -> CalibrationBin:
    share = present(part.evidence, Drawing(*names, "bin", str(low // BIN_PERCENT)), part.images)
    high, mean = float(low + BIN_PERCENT), confidences / part.images
    return CalibrationBin(float(low), high, part.images, part.decided, mean, share)


def present(evidence: Mapping[Stratum, Evidence], drawing: Drawing, divisor: int = 1) -> Figure:
    """Estimate the present images of all strata together, divided by `divisor`."""
    unknown = unknown_reason(evidence, ESTIMATED)
    if unknown:
        return NotEstimable(unknown)
    least = {stratum: each.least for stratum, each in evidence.items()}
    most = {stratum: each.most for stratum, each in evidence.items()}
    worlds = [evidence, least, most] if any(each.ends for each in evidence.values()) else [evidence]
    totals = [drawing.total((world[s], prior) for s in ESTIMATED) for world in worlds for prior in PRIORS]
    return hull([total / divisor for total in totals])
