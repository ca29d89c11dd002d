"""Interval methods in common use, as baselines. Each takes one window: arrays of shape (days, 3) for A, B, C.

Each returns (low, high) of precision, recall, F1 and missed images, in this order.
"""

from typing import TypeAlias

import numpy as np

from bench.accuracy_worlds import Array, Whole
from sightline.stats.counts import CellCounts, Tally
from sightline.stats.drawing import Drawing
from sightline.stats.figures import Draws, Figure, Figures, Interval, draw, estimate, interval
from sightline.stats.posterior import JEFFREYS, Evidence, draw_present, generator
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.windows import evidence_of

Ranges: TypeAlias = list[tuple[float, float]]

Z = 1.959964


def ours(population: Whole, decided: Whole, present: Whole, name: str) -> Ranges:
    """Weight the cells as the rollups do, with one posterior for each stratum and window."""
    return ends_of(estimate(evidence_of(_cells(population, decided, present)), name))


def one_prior(population: Whole, decided: Whole, present: Whole, name: str) -> Ranges:
    """Weight the cells as our method does, but with Jeffreys' prior for missed images."""
    return _of_draws(draw(evidence_of(_cells(population, decided, present)), Drawing(name), prior=JEFFREYS))


def raw_pooling(population: Whole, decided: Whole, present: Whole, name: str) -> Ranges:
    """Add up the counts of the days as if the same share of each had been reviewed."""
    pooled = [array.sum(axis=0, keepdims=True) for array in (population, decided, present)]
    return ours(pooled[0], pooled[1], pooled[2], name)


def sum_of_days(population: Whole, decided: Whole, present: Whole, name: str) -> Ranges:
    """Use a posterior for each day and stratum, and add up the draws."""
    source, draws = generator(name, "sum"), 1000
    cells = _cells(population, decided, present)
    totals = {
        stratum: np.sum([draw_present(_alone(c.tally(stratum)), source, draws=draws) for c in cells], axis=0)
        for stratum in ESTIMATED
    }
    missed = totals[Stratum.B] + totals[Stratum.C]
    return _of_draws(Draws(int(population[:, 0].sum()), totals[Stratum.A], missed))


def wald(population: Whole, decided: Whole, present: Whole, _name: str) -> Ranges:
    """Weight by the inverse of the chance of being reviewed; normal intervals by the delta method."""
    size, share = population.sum(axis=0), np.where(decided > 0, population, 0)
    weights = share / share.sum(axis=0)
    inverse = np.divide(1.0, decided, out=np.zeros(decided.shape), where=decided > 0)
    rate = (weights * present * inverse).sum(axis=0)
    variance = size**2 * (1 - decided.sum(axis=0) / size) * rate * (1 - rate) * (weights**2 * inverse).sum(axis=0)
    found, missed = size[0] * rate[0], size[1] * rate[1] + size[2] * rate[2]
    there = max(found + missed, 1e-9)
    listed = size[0] + there
    gradients = (
        (found / size[0], 1 / size[0], 0.0),
        (found / there, missed / there**2, -found / there**2),
        (2 * found / listed, 2 * (listed - found) / listed**2, -2 * found / listed**2),
        (missed, 0.0, 1.0),
    )
    return [_normal(value, variance, by_found, by_missed) for value, by_found, by_missed in gradients]


def wilson(population: Whole, decided: Whole, present: Whole, _name: str) -> Ranges:
    """Treat all verdicts as one unweighted sample (Wilson, JASA 22, 1927)."""
    seen, yes, size = decided.sum(axis=0), present.sum(axis=0), population.sum(axis=0)
    missed = int(yes[1] + yes[2])
    low, high = _wilson(missed, int(seen[1] + seen[2]))
    return [
        _wilson(int(yes[0]), int(seen[0])),
        _wilson(int(yes[0]), int(yes[0]) + missed),
        _wilson(2 * int(yes[0]), int(seen[0] + yes[0]) + missed),
        (low * float(size[1:].sum()), high * float(size[1:].sum())),
    ]


BASELINES = {
    "ours": ours,
    "ours, Jeffreys alone": one_prior,
    "Wald, inverse weights": wald,
    "Wilson, unweighted": wilson,
    "sum of daily posteriors": sum_of_days,
    "raw pooling": raw_pooling,
}


def _cells(population: Whole, decided: Whole, present: Whole) -> list[CellCounts]:
    return [
        CellCounts(
            Cell("yard", "Person", str(np.datetime64("2026-03-01") + day)),
            {
                stratum: Tally(int(population[day, i]), int(present[day, i]), int(decided[day, i] - present[day, i]))
                for i, stratum in enumerate(ESTIMATED)
            },
        )
        for day in range(len(population))
    ]


def _alone(tally: Tally) -> Evidence:
    rate = tally.present / max(tally.decided, 1)
    return Evidence(tally.population, tally.present, tally.unseen, rate, tally.decided)


def _of_draws(drawn: Draws) -> Ranges:
    figures = (interval(values) for values in (drawn.precision, drawn.recall, drawn.f1, drawn.missed))
    return [(one.low, one.high) for one in figures]


def ends_of(figures: Figures) -> Ranges:
    """Return the ends of each figure; NaN if it is not estimable."""
    return [_range(figure) for figure in (figures.precision, figures.recall, figures.f1, figures.missed)]


def _range(figure: Figure) -> tuple[float, float]:
    return (figure.low, figure.high) if isinstance(figure, Interval) else (float("nan"), float("nan"))


def _normal(value: float, variance: Array, by_found: float, by_missed: float) -> tuple[float, float]:
    half = Z * float(np.sqrt(by_found**2 * variance[0] + by_missed**2 * (variance[1] + variance[2])))
    return value - half, value + half


def _wilson(yes: int, seen: int) -> tuple[float, float]:
    if not seen:
        return 0.0, 1.0
    middle = (yes + Z**2 / 2) / (seen + Z**2)
    half = Z * np.sqrt(max(yes * (seen - yes), 0) / seen + Z**2 / 4) / (seen + Z**2)
    return float(middle - half), float(middle + half)
