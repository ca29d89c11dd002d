"""What the cut hides: images of stratum D, for which it is unknown whether the detector would have found the label."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.stats.figures import Figures, estimate
from sightline.stats.posterior import Evidence
from sightline.stats.strata import Stratum


@dataclass(frozen=True, slots=True)
class Bracket:
    """The figures at the two ends of what is possible; equal where nothing is unknown.

    at_best: none of the unknown images was missed; at_worst: all of them were
    """

    unknown: int
    at_best: Figures
    at_worst: Figures


def bracket(evidence: Mapping[Stratum, Evidence], unknown: int, *names: str) -> Bracket:
    """Estimate with none and with all of the `unknown` images missed (Manski, Partial Identification, 2003, ch. 1)."""
    at_best = estimate(evidence, *names)
    return Bracket(unknown, at_best, estimate(evidence, *names, also_missed=unknown) if unknown else at_best)
