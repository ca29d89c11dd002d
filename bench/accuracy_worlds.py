"""Simulated windows whose truth is known: how many images of each stratum show the label, and what reviewers saw.

A camera takes about 2,700 images a day: 160 in stratum A, 220 in B and 2,300 in C. Days differ in size and in their
rates, and quiet days are harder: they have more misses. All arrays have the shape
(windows, days, 3), the last axis being A, B, C.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]

SIZES = np.array([160.0, 220.0, 2300.0])
SHARES = np.array([0.3, 0.3, 0.4])
"""How verdicts are distributed over the strata."""

RECALL_60 = np.array([0.85, 0.25, 0.015])
RECALL_80 = np.array([0.85, 0.10, 0.005])
RARE_80 = np.array([0.85, 0.14, 0.0007])
"""Rates of presence in A, B, C that result in this recall; the last has one or two missed images a day in C."""


class Depth(Enum):
    """How verdicts are distributed over the days."""

    EVEN = "even"
    BUSY = "busy days deeper"
    GAPS = "two days of three without"


@dataclass(frozen=True, slots=True)
class Case:
    """One situation to simulate. verdicts: of the whole window."""

    name: str
    days: int
    verdicts: int
    rates: Array
    depth: Depth = Depth.EVEN


CASES = (
    Case("day, recall .6, 60 verdicts", 1, 60, RECALL_60),
    Case("day, recall .8, 120 verdicts", 1, 120, RECALL_80),
    Case("day, recall .6, 440 verdicts", 1, 440, RECALL_60),
    Case("day, rare in C, 120 verdicts", 1, 120, RARE_80),
    Case("28 days, recall .6, 440 verdicts", 28, 440, RECALL_60),
    Case("28 days, recall .8, 440, busy days deeper", 28, 440, RECALL_80, Depth.BUSY),
    Case("28 days, recall .8, 120, days without", 28, 120, RECALL_80, Depth.GAPS),
    Case("28 days, rare in C, 440, busy days deeper", 28, 440, RARE_80, Depth.BUSY),
)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Windows of one case: images, those present, those reviewed, and those that the review found present."""

    population: Whole
    truth: Whole
    decided: Whole
    present: Whole


def simulate(case: Case, windows: int, source: np.random.Generator) -> Worlds:
    """Draw windows of a case and their reviews: a simple random sample of each cell and stratum."""
    busy = np.exp(source.normal(0, 0.5, (windows, case.days, 1)))
    population = np.maximum(1, source.poisson(SIZES * busy)).astype(np.int64)
    logit = np.log(case.rates / (1 - case.rates)) + source.normal(0, 0.3, population.shape)
    logit = logit + np.log(busy) * np.array([0.4, -0.6, -0.6])
    truth = source.binomial(population, 1 / (1 + np.exp(-logit)))
    decided = _reviews(case, population, busy, source)
    return Worlds(population, truth, decided, source.hypergeometric(truth, population - truth, decided))


def _reviews(case: Case, population: Whole, busy: Array, source: np.random.Generator) -> Whole:
    """Distribute the verdicts of a case over days and strata; never more than there are images."""
    weight = np.ones_like(busy)
    if case.depth is Depth.BUSY:
        weight = busy**2
    elif case.depth is Depth.GAPS:
        weight = (source.random(busy.shape).argsort(axis=1) < case.days / 3).astype(float)
    shares = weight / weight.sum(axis=1, keepdims=True)
    wanted = np.round(case.verdicts * SHARES)
    spread = np.diff(np.floor(np.cumsum(shares, axis=1) * wanted + 0.5), axis=1, prepend=0)
    return np.minimum(spread.astype(np.int64), population)
