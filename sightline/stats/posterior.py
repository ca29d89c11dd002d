"""How many images of a stratum are present: the posterior of a finite population.

With a reviewed images present and b absent (effective counts, see `windows`), the rate has the posterior
Beta(a + prior, b + prior); with the prior 1/2 that is Jeffreys' (Brown, Cai, DasGupta, Interval estimation for a
binomial proportion, Statistical Science 16, 2001). The M images not yet decided hold
BetaBinomial(M, a + prior, b + prior) present ones; the decided ones are known (Ericson, Subjective Bayesian models in
sampling finite populations, JRSS B 31, 1969). So a census leaves nothing to draw, and its interval has width 0.

Missed images are rare, and there no single prior will do. Where 48 of 2,300 images were reviewed and none was
present, Jeffreys' prior alone adds half a verdict, that is 23 missed images: on days with one or two in C, the
interval of recall missed the truth in 8 % of simulations, always by lying below it. A smaller prior mends that and
fails on the other side where misses are frequent. So the strata of negatives are drawn under three priors, and the
interval is the hull of theirs (sensitivity to the prior as part of the answer: Walley, Inferences from multinomial
data, JRSS B 58, 1996): `FEW`, under which hardly anything hides, `NEUTRAL`, whose median is close to the sample's
share and gives the median (Kerman, Neutral noninformative and informative conjugate beta and gamma prior
distributions, EJS 5, 2011), and `JEFFREYS`. It makes the interval of recall 4 to 9 % wider than Jeffreys' alone;
`bench/accuracy.py` shows both. Stratum A, where neither answer is rare, keeps Jeffreys' prior.
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Counts: TypeAlias = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float64]

DRAWS = 4000
"""Enough that the ends of a 95 % interval are known to 0.25 % of probability."""

FEW, NEUTRAL, JEFFREYS = 0.1, 1 / 3, 0.5

PRIORS = (FEW, NEUTRAL, JEFFREYS)
"""Of the strata of negatives, the one that gives the median in the middle."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a window knows of one stratum.

    present: images decided to be present; unseen: images without a truth
    rate, effective: the rate among the unseen as the verdicts estimate it, and how many verdicts that is worth;
        effective 0 means that nothing was decided
    unreviewed, unreviewed_cameras: images of cameras of which no verdict speaks, and those cameras
    ends: the evidence if the images that may be either are all absent, and if they all are present: those of
        unreviewed cameras, and those of which reviewers were unsure; None if there is none
    """

    population: int
    present: int
    unseen: int
    rate: float
    effective: float
    unreviewed: int = 0
    unreviewed_cameras: tuple[str, ...] = ()
    ends: "tuple[Evidence, Evidence] | None" = None

    @property
    def least(self) -> "Evidence":
        """Return the evidence if no image that may be either is present."""
        return self.ends[0] if self.ends else self

    @property
    def most(self) -> "Evidence":
        """Return the evidence if each image that may be either is present."""
        return self.ends[1] if self.ends else self

    @property
    def is_known(self) -> bool:
        """Return whether the verdicts speak of this stratum at all; an empty stratum and a census are known."""
        return self.unseen == 0 or self.effective > 0

    def posterior(self, prior: float) -> tuple[float, float]:
        """Return the two parameters of the Beta posterior of the rate."""
        return self.rate * self.effective + prior, (1 - self.rate) * self.effective + prior


def generator(*names: str) -> np.random.Generator:
    """Make the random source of one figure from what names it: the same names, the same draws, byte for byte."""
    digest = hashlib.sha256("\n".join(names).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16])))


def draw_present(
    evidence: Evidence, source: np.random.Generator, prior: float = JEFFREYS, draws: int = DRAWS
) -> Counts:
    """Draw the number of images present, shape (draws,), from 0 to the population."""
    rates = source.beta(*evidence.posterior(prior), draws)
    return evidence.present + source.binomial(evidence.unseen, rates)
