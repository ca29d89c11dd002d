"""The worlds of `bench.need`: months whose misses are known by construction, for how often the interval holds them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sightline.stats.figures import Interval
from sightline.stats.missed import Compared, estimate_missed

Sizes = NDArray[np.int64]
Miss = Callable[[np.random.Generator, Sizes], Sizes]
"""How many images of each burst are missed, given how many of it are not paid for."""

WORLDS: Mapping[str, Miss] = {
    "each alone, 2 %": lambda source, sizes: source.binomial(sizes, 0.02),
    "whole bursts, 3 %": lambda source, sizes: sizes * source.binomial(1, 0.03, sizes.size),
    "alike within bursts, 9 %": lambda source, sizes: source.binomial(sizes, source.beta(0.3, 3, sizes.size)),
    "alike within bursts, 33 %": lambda source, sizes: source.binomial(sizes, source.beta(1, 2, sizes.size)),
    "more in large bursts": lambda source, sizes: source.binomial(sizes, np.minimum(0.9, 0.01 * sizes**1.5)),
}
BURSTS = {300: 0.1, 1000: 0.05}
"""Bursts of a month, and the share of them in the slice."""


@dataclass(frozen=True, slots=True)
class Held:
    """How often the interval held the truth, and its width over that of a simple random sample of as many images."""

    world: str
    bursts: int
    inside: float
    ratio: float

    def line(self) -> str:
        """Return it as a line of the table."""
        return f"{self.world:<28} {self.bursts:>6} {self.inside:>8.0%} {self.ratio:>8.2f}"


def hold(runs: int) -> Iterator[Held]:
    """Try each world so often, each time with another month and another slice."""
    source = np.random.default_rng(17)
    for bursts, share in BURSTS.items():
        for world, miss in WORLDS.items():
            tried = [_try(miss, bursts, share, source, str(run)) for run in range(runs)]
            inside, widths, even = zip(*tried, strict=True)
            yield Held(world, bursts, sum(inside) / runs, median(widths) / median(even))


def _try(miss: Miss, bursts: int, share: float, source: np.random.Generator, run: str) -> tuple[bool, float, float]:
    sizes = 1 + source.geometric(0.3, bursts)
    missed = miss(source, sizes)
    is_control = source.random(bursts) < share
    control = [Compared(int(x), int(y)) for x, y in zip(sizes[is_control], missed[is_control], strict=True)]
    figure = _interval(control, sizes[~is_control], run)
    images = source.permutation(np.repeat(np.tile([1, 0], bursts), np.column_stack([missed, sizes - missed]).ravel()))
    size = int(sizes[is_control].sum())
    alone = [Compared(1, int(each)) for each in images[:size]]
    even = _interval(alone, np.ones(len(images) - size, dtype=np.int64), run)
    return bool(figure.low <= missed[~is_control].sum() <= figure.high), figure.width, even.width


def _interval(control: list[Compared], others: Sizes, run: str) -> Interval:
    figure = estimate_missed(control, map(int, others), run)
    if not isinstance(figure, Interval):
        raise TypeError(f"a slice of {len(control)} bursts gives an interval, not {figure}")
    return figure
