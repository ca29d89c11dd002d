"""A network's log-odds as a probability in percent. `python -m bench.detector FOLDER` fits the numbers."""

from dataclasses import dataclass
from math import exp, log


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve. faintest: the least log-odds that the network reports."""

    slope: float
    offset: float
    faintest: float

    def percent(self, logit: float) -> float:
        """Return the probability of what was found, 0 to 100."""
        return 100 / (1 + exp(-(self.slope * logit + self.offset)))

    def logit(self, percent: float) -> float:
        """Return the log-odds that `percent` was given."""
        return (log(percent / (100 - percent)) - self.offset) / self.slope


BODIES = Curve(3.87, -1.31, -2.5)
"""Persons of the network that finds bodies."""

FACES = Curve(3.0, -2.9, -2.0)
"""Not fitted, because no frame has truth of faces. Heads from behind score up to a logit of 0.9."""

PEOPLE_OF_NANODET = Curve(5.87, 4.13, -2.0)
"""Persons of the network that finds objects."""

THINGS = Curve(1.0, 0.0, -0.5)
"""Other objects: the network's own probability, not fitted, because no frame has truth of them."""
