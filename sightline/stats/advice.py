"""What to review next, and how much of it.

Before a verdict is given, the expected variance of a stratum's total is known in closed form. With the Beta posterior
(a, b), s = a + b and M unseen images, the total has variance v (s + M) M / s, where v = a b / (s (s + 1)); after m
more verdicts it is expected to be v (s + M) (M − m) / (s + m), by the law of total variance: it falls with every
verdict, and to zero with the last. A figure's variance follows by the delta method, g the figure's slopes at the
expected totals: Σ g² × variance. Each term is convex in m, so taking the best single verdict again and again is the
best way to spend any number of them (Neyman's allocation, one by one; Wright, American Statistician 66, 2012).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

from sightline.models.stored import StoredEnum
from sightline.stats.posterior import JEFFREYS, Evidence
from sightline.stats.strata import ESTIMATED, NEGATIVES, Stratum

Z = 1.96

MINIMUM = 5
"""So many of each stratum come first: before them its rate is a guess, and so is every forecast made from it."""


class Measure(StoredEnum):
    """The figure whose interval is to become narrow."""

    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Advice:
    """How many more verdicts of each stratum, and half the width of the interval that they are expected to leave."""

    measure: Measure
    more: Mapping[Stratum, int]
    half_width: float

    def sentence(self) -> str:
        """Say it to a person, but to none who reviews: it tells what the detector said."""
        more = {stratum: count for stratum, count in self.more.items() if count}
        by_name = " and ".join(f"{count} in stratum {stratum}" for stratum, count in more.items())
        total = sum(more.values())
        reviews = f"{total} more review{'' if total == 1 else 's'}"
        digits = 0 if self.measure is Measure.MISSED or self.half_width >= 0.01 else 1  # noqa: PLR2004 - one point
        size = self.half_width if self.measure is Measure.MISSED else 100 * self.half_width
        unit = "images" if self.measure is Measure.MISSED else "points"
        if not more:
            return f"no more reviews are needed: the interval of {self.measure} is ± {size:.{digits}f} {unit}"
        verb = "narrows" if total == 1 else "narrow"
        return f"{reviews} ({by_name}) {verb} the interval of {self.measure} to ± {size:.{digits}f} {unit}"


def expected_variance(evidence: Evidence, more: int) -> float:
    """Return the variance of the stratum's total (images²) that is expected after `more` verdicts."""
    present, absent = evidence.posterior(JEFFREYS)
    weight, unseen = present + absent, evidence.unseen
    spread = present * absent / (weight * (weight + 1))
    return spread * (weight + unseen) * (unseen - more) / (weight + more)


def expected_half_width(evidence: Mapping[Stratum, Evidence], measure: Measure, more: Mapping[Stratum, int]) -> float:
    """Return half the width of the 95 % interval that is expected after `more` verdicts of each stratum."""
    slopes = _slopes(evidence, measure)
    return Z * sqrt(sum(slopes[s] ** 2 * expected_variance(evidence[s], more.get(s, 0)) for s in ESTIMATED))


def next_strata(evidence: Mapping[Stratum, Evidence], measure: Measure) -> Iterator[Stratum]:
    """Name the stratum of each next verdict, the most useful first, until no verdict is left that helps."""
    slopes = _slopes(evidence, measure)
    more = dict.fromkeys(ESTIMATED, 0)
    while True:
        useful = {s: _gain(evidence[s], more[s], slopes[s]) for s in ESTIMATED if more[s] < evidence[s].unseen}
        best = max(useful, key=lambda s: useful[s], default=None)
        if best is None or not any(useful[best]):
            return
        more[best] += 1
        yield best


def advise(evidence: Mapping[Stratum, Evidence], measure: Measure, half_width: float) -> Advice:
    """Find the fewest verdicts after which the interval is expected to be ± `half_width` (a share, or images).

    Each camera of which no verdict speaks needs the first few in any case: until then its images may be either.
    """
    more = {s: min(evidence[s].unreviewed, MINIMUM * len(evidence[s].unreviewed_cameras)) for s in ESTIMATED}
    source = (s for s in next_strata(evidence, measure) if more[s] < evidence[s].unseen)
    while (expected := expected_half_width(evidence, measure, more)) > half_width:
        best = next(source, None)
        if best is None:
            break
        more[best] += 1
    return Advice(measure, more, expected)


def _gain(evidence: Evidence, more: int, slope: float) -> tuple[bool, float]:
    """Rank one more verdict: strata below the minimum first, then by the variance that it takes away."""
    taken = expected_variance(evidence, more) - expected_variance(evidence, more + 1)
    return slope != 0 and evidence.effective + more < MINIMUM, slope**2 * taken


def _slopes(evidence: Mapping[Stratum, Evidence], measure: Measure) -> dict[Stratum, float]:
    """Return the change of the figure for one more present image in each stratum."""
    by_found, by_missed = _slopes_at(
        measure,
        max(evidence[Stratum.A].population, 1),
        _expected(evidence[Stratum.A]),
        sum(_expected(evidence[s]) for s in NEGATIVES),
    )
    return {Stratum.A: by_found, Stratum.B: by_missed, Stratum.C: by_missed}


def _slopes_at(measure: Measure, positives: int, found: float, missed: float) -> tuple[float, float]:
    found = max(
        found, 0.5
    )  # where the detector found nothing, recall is flat, and still what it missed is to be learnt
    there = found + missed
    listed = positives + there
    return {
        Measure.PRECISION: (1 / positives, 0.0),
        Measure.RECALL: (missed / there**2, -found / there**2),
        Measure.F1: (2 * (listed - found) / listed**2, -2 * found / listed**2),
        Measure.MISSED: (0.0, 1.0),
    }[measure]


def _expected(evidence: Evidence) -> float:
    present, absent = evidence.posterior(JEFFREYS)
    return evidence.present + evidence.unseen * present / (present + absent)
