"""Figures along an axis: other thresholds, bins of confidence, hours of the day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from sightline.stats.counts import CellCounts, Tally
from sightline.stats.figures import Figure, Figures, NotEstimable, estimate, hull, unknown_reason
from sightline.stats.posterior import DRAWS, PRIORS, Counts, Evidence, Values, draw_present, generator
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import ABSENT, BAND_PERCENT, CellSummary
from sightline.stats.windows import evidence_of, stratum_evidence

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
    parts = by_part([(band, counts) for cell in cells for band, counts in cell.bands.items()])
    total = sum(_images(part) for part in parts.values())
    below, added, points = PartSum(), 0, list[SweepPoint]()
    bands = sorted(parts)
    for step in steps:
        while added < len(bands) and bands[added] < step:
            below.add(parts[bands[added]])
            added += 1
        points.append(SweepPoint(step, total - below.images, _present(below.evidence(), *names, "sweep", str(step))))
    return points


class PartSum:
    """What lies on one side of a threshold that moves: each band is added once, and what it changed is joined again."""

    def __init__(self) -> None:
        self.images = 0
        self._tallies: dict[Stratum, dict[Cell, Tally]] = {stratum: {} for stratum in ESTIMATED}
        self._evidence: dict[Stratum, Evidence] = {}

    def add(self, part: Iterable[CellCounts]) -> None:
        """Add the cells of one band."""
        for counts in part:
            for stratum in ESTIMATED:
                if (tally := counts.tally(stratum)).population:
                    self._add(stratum, counts.cell, tally)

    def _add(self, stratum: Stratum, cell: Cell, tally: Tally) -> None:
        known = self._tallies[stratum].get(cell)
        self._tallies[stratum][cell] = known + tally if known else tally
        self._evidence.pop(stratum, None)
        self.images += tally.population

    def evidence(self) -> Mapping[Stratum, Evidence]:
        """Return the evidence of what was added so far."""
        for stratum in ESTIMATED:
            if stratum not in self._evidence:
                self._evidence[stratum] = stratum_evidence(self._tallies[stratum].items())
        return dict(self._evidence)


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
            _images(parts[hour]),
            _decided(parts[hour]),
            estimate(evidence_of(parts[hour]), *names, "hour", str(hour)),
        )
        for hour in sorted(parts)
    ]


def by_part(pairs: Iterable[tuple[int, CellCounts]]) -> dict[int, list[CellCounts]]:
    """Gather the cells of each part."""
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
    draws = _Draws(*names)
    return hull([draws.total([world[s] for s in ESTIMATED], prior) / divisor for world in worlds for prior in PRIORS])


class _Draws:
    """The draws of one figure, whose strata are drawn one after the other from one source.

    Worlds often differ in their last strata only, and what they have in common is drawn once: drawing is what a sweep
    costs.
    """

    def __init__(self, *names: str) -> None:
        self._source = generator(*names)
        self._start = self._source.bit_generator.state
        self._known: dict[tuple[float, tuple[Evidence, ...]], tuple[Counts, Mapping[str, Any]]] = {}

    def total(self, strata: Sequence[Evidence], prior: float) -> Values:
        """Draw how many images are present in all strata together, shape (draws,)."""
        counts, _ = self._after(strata, prior)
        return np.asarray(counts, dtype=np.float64)

    def _after(self, strata: Sequence[Evidence], prior: float) -> tuple[Counts, Mapping[str, Any]]:
        """Return the draws of these strata, and the state of the source after them."""
        if not strata:
            return np.zeros(DRAWS, dtype=np.int64), self._start
        key = (prior, tuple(strata))
        if key not in self._known:
            before, self._source.bit_generator.state = self._after(strata[:-1], prior)
            counts = before + draw_present(strata[-1], self._source, prior)
            self._known[key] = (counts, self._source.bit_generator.state)
        return self._known[key]
