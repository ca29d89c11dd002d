"""What lies on each side of thresholds: parts of each stratum, named without looking at verdicts.

The verdicts are those of the strata as they are (see `ReviewedCell.split`). Images of stratum D are outside.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from sightline.stats.counts import Tally
from sightline.stats.posterior import Evidence
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import BAND_PERCENT, CellSummary
from sightline.stats.windows import stratum_evidence

Bands: TypeAlias = Mapping[int, Sequence[tuple[Stratum, Cell, Tally]]]
"""What each band of confidence has of each stratum and cell; without those of which it has no image."""


@dataclass(frozen=True, slots=True)
class Side:
    """What lies on one side of a threshold, or from one up to another. decided: images that have a truth."""

    threshold_percent: float
    images: int
    decided: int
    evidence: Mapping[Stratum, Evidence]


def bands_of(cells: Sequence[CellSummary]) -> Bands:
    """Gather the bands of all cells."""
    bands: defaultdict[int, list[tuple[Stratum, Cell, Tally]]] = defaultdict(list)
    for cell in cells:
        for band, counts in cell.bands.items():
            each = [(stratum, counts.cell, counts.tally(stratum)) for stratum in ESTIMATED]
            bands[band] += [part for part in each if part[2].population]
    return dict(bands)


def below(bands: Bands, thresholds_percent: Iterable[float]) -> list[Side]:
    """Return what lies below each threshold, in their order. Raise ValueError for a threshold within a band."""
    steps = _steps(thresholds_percent)
    total = _Sum()
    return [total.added(bands, low, high, high) for low, high in pairwise([float("-inf"), *steps])]


def above(bands: Bands, thresholds_percent: Iterable[float]) -> list[Side]:
    """Return what lies at each threshold or above it, in their order. Raise ValueError for one within a band."""
    steps = _steps(thresholds_percent)
    total = _Sum()
    found = [total.added(bands, low, high, low) for high, low in pairwise([float("inf"), *reversed(steps)])]
    return found[::-1]


def within(bands: Bands, low_percent: float, high_percent: float) -> Side:
    """Return what lies at a threshold or above it, and below another."""
    return _Sum().added(bands, low_percent, high_percent, low_percent)


def _steps(thresholds_percent: Iterable[float]) -> list[float]:
    steps = sorted(thresholds_percent)
    if any(step % BAND_PERCENT for step in steps):
        raise ValueError(f"thresholds {steps}: each must be a multiple of {BAND_PERCENT} %")
    return steps


class _Sum:
    """One side of a threshold that moves: each band is added once, and what it changed is joined again."""

    def __init__(self) -> None:
        self._images = self._decided = 0
        self._tallies: dict[Stratum, dict[Cell, Tally]] = {stratum: {} for stratum in ESTIMATED}
        self._evidence: dict[Stratum, Evidence] = {}

    def added(self, bands: Bands, low: float, high: float, threshold_percent: float) -> Side:
        """Add the bands from `low` up to `high`; return what there is with them."""
        for band in sorted(bands):
            if low <= band < high:
                for part in bands[band]:
                    self._add(*part)
        for stratum in ESTIMATED:
            if stratum not in self._evidence:
                self._evidence[stratum] = stratum_evidence(self._tallies[stratum].items())
        return Side(threshold_percent, self._images, self._decided, dict(self._evidence))

    def _add(self, stratum: Stratum, cell: Cell, tally: Tally) -> None:
        known = self._tallies[stratum].get(cell)
        self._tallies[stratum][cell] = known + tally if known else tally
        self._evidence.pop(stratum, None)
        self._images += tally.population
        self._decided += tally.decided
