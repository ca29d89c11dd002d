"""What paying by need misses: estimated from the control slice, burst by burst.

In each burst of the control slice every image was paid for, so its own answer can be compared with what paying by need
would have shown. Misses come together: if one frame of a burst lacks a person, its neighbours probably do. So the
burst is the unit. Of a burst with x images that would not have been paid for, y are missed, where

    y ~ BetaBinomial(x, μ s, (1 - μ) s),  s = (1 - ρ) / ρ

μ is the share that is missed, and ρ how alike the images of a burst are: at 0 each is missed by itself, at 1 all of a
burst are or none (Skellam, A probability distribution derived from the binomial distribution by regarding the
probability of success as variable between the sets of trials, JRSS B 10, 1948). A few bursts say little of ρ, so its
prior is wide, with a density that falls evenly from 0 to 1, and bursts without a miss leave it open. μ has the priors
of `posterior`, of which the hull is taken. What the other bursts miss is drawn from the posterior, each burst at its
own size. A bootstrap of bursts would say 0 to 0 wherever the slice has no miss.

It holds where the slice speaks for the others: bursts are chosen by a hash, whole. A miss that hides in one burst among
thousands, larger than all in the slice, cannot be seen by any sample; that the length of a burst is limited limits it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sightline.stats.figures import Figure, Interval, NotEstimable, hull
from sightline.stats.posterior import DRAWS, PRIORS, Counts, Values, generator

_LOGITS = np.arange(-40, 40, 0.05)
"""Of μ. At the ends the smallest prior has a fiftieth of its weight left."""

_ALIKE = (np.arange(20) + 0.5) / 20
"""Values of ρ, each standing for a twentieth of 0 to 1."""

_LESS_ALIKE = np.log1p(-_ALIKE)
"""The logarithm of ρ's prior."""


FEWEST = 6
"""So many bursts of the slice must speak for small ones, and for large ones, or they are read as alike."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A burst of the control slice.

    unpaid: images that would not have been paid for
    missed: those of them whose own answer has something that they would not have been shown with
    """

    unpaid: int
    missed: int

    def __post_init__(self) -> None:
        if not 0 <= self.missed <= self.unpaid:
            raise ValueError(f"{self}: at least 0 and at most all unpaid images are missed")


def estimate_missed(control: Iterable[Compared], unpaid: Iterable[int], *names: str) -> Figure:
    """Estimate on how many unpaid images something is missed.

    Args:
        control: the bursts of the control slice.
        unpaid: of each other burst, how many images were not paid for.
        names: what the estimate is of; the same names give the same draws.
    """
    compared = [each for each in control if each.unpaid]
    sizes = Counter(size for size in unpaid if size)
    if not sizes:
        return Interval(0.0, 0.0, 0.0)
    if not compared:
        return NotEstimable("no burst of the control slice has an image that would not be paid for", _images(sizes))
    parts = [(_log_likelihood(some), others) for some, others in _by_size(compared, sizes)]
    sources = [generator(*names, str(prior)) for prior in PRIORS]
    return hull(
        [
            np.sum([_draw(*part, prior, source) for part in parts], axis=0)
            for prior, source in zip(PRIORS, sources, strict=True)
        ]
    )


def _images(sizes: Mapping[int, int]) -> int:
    return sum(size * bursts for size, bursts in sizes.items())


def _by_size(compared: Sequence[Compared], sizes: Counter[int]) -> list[tuple[list[Compared], Counter[int]]]:
    """Part small bursts from large ones, which may miss more; not where the slice has too few of either.

    Half of the unpaid images are in the small ones: so the parts follow from what is known without an answer.
    """
    ordered = sorted(size for size, bursts in sizes.items() for _ in range(size * bursts))
    edge = ordered[(len(ordered) - 1) // 2]
    sides = [
        ([each for each in compared if (each.unpaid > edge) is is_large], _only(sizes, edge, is_large=is_large))
        for is_large in (False, True)
    ]
    is_parted = all(len(some) >= FEWEST and others for some, others in sides)
    return sides if is_parted else [(list(compared), sizes)]


def _only(sizes: Mapping[int, int], edge: int, *, is_large: bool) -> Counter[int]:
    return Counter({size: bursts for size, bursts in sizes.items() if (size > edge) is is_large})


def _shapes(logit: Values, alike: Values) -> tuple[Values, Values]:
    """Return both parameters of the Beta distribution of a burst's share."""
    certainty = (1 - alike) / alike
    return certainty / (1 + np.exp(-logit)), certainty / (1 + np.exp(logit))


def _log_likelihood(compared: Sequence[Compared]) -> Values:
    """Return it over the grid, shape (logits, alike).

    The Gamma functions of integers apart are products: as such nothing cancels where μ is close to 0.
    """
    present, absent = _shapes(_LOGITS[:, None], _ALIKE[None, :])
    total = np.zeros_like(present)
    for j in range(max(each.unpaid for each in compared)):
        total += sum(each.missed > j for each in compared) * np.log(present + j)
        total += sum(each.unpaid - each.missed > j for each in compared) * np.log(absent + j)
        total -= sum(each.unpaid > j for each in compared) * np.log(present + absent + j)
    return total


def _draw(likelihood: Values, sizes: Counter[int], prior: float, source: np.random.Generator) -> Counts:
    """Draw what all other bursts miss together, shape (draws,)."""
    # Beta(prior, prior) as a density of the logit
    log_prior = _LESS_ALIKE - prior * (np.logaddexp(0, _LOGITS) + np.logaddexp(0, -_LOGITS))[:, None]
    log_weights = likelihood + log_prior
    weights = np.exp(log_weights - log_weights.max()).ravel()
    places = source.choice(weights.size, DRAWS, p=weights / weights.sum())
    row, column = np.unravel_index(places, likelihood.shape)
    logit = _LOGITS[row] + source.uniform(-0.025, 0.025, DRAWS)  # within the cell of the grid
    alike = _ALIKE[column] + source.uniform(-0.025, 0.025, DRAWS)
    shapes = _shapes(logit, np.clip(alike, 1e-9, 1 - 1e-9))
    drawn = [_missed(size, count, *shapes, source) for size, count in sorted(sizes.items())]
    return np.asarray(np.sum(drawn, axis=0), dtype=np.int64)


def _missed(size: int, count: int, present: Values, absent: Values, source: np.random.Generator) -> Counts:
    """Draw what `count` bursts of one size miss, shape (draws,): how many of them miss 0, 1, … of it, all at once."""
    steps = np.arange(size)
    rising = np.log([present + j for j in steps]), np.log([absent + j for j in steps])
    some, others = (np.vstack([np.zeros(DRAWS), np.cumsum(each, axis=0)]) for each in rising)
    ways = np.concatenate([[0.0], np.cumsum(np.log((size - steps) / (steps + 1)))])
    log_shares = (ways[:, None] + some + others[::-1]).T
    shares = np.exp(log_shares - log_shares.max(axis=1, keepdims=True))
    bursts = source.multinomial(count, shares / shares.sum(axis=1, keepdims=True))
    return np.asarray(bursts @ np.arange(size + 1), dtype=np.int64)
