"""Precision, recall, F1 and missed images of one window, each with its interval, or the reason why there is none.

With TP the present images of stratum A, FP the others of A, and FN the present images of B and C:
precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), missed = FN
(van Rijsbergen, Information Retrieval, 1979, chapter 7), computed in every draw of `posterior`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sightline.stats.drawing import Drawing
from sightline.stats.posterior import JEFFREYS, NEUTRAL, PRIORS, Counts, Evidence, Values
from sightline.stats.strata import ESTIMATED, NEGATIVES, Stratum

NAMED = 3
"""How many cameras a reason names."""

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Interval:
    """The median of a figure, and the range from its 2.5 to its 97.5 % quantile: 95 % certain to hold it."""

    low: float
    median: float
    high: float

    @property
    def width(self) -> float:
        """The distance of the two ends."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """There is no figure, and why.

    at_most: what is certain nonetheless; only of missed images, by the rule of three
    """

    reason: str
    at_most: float | None = None


Figure: TypeAlias = Interval | NotEstimable


@dataclass(frozen=True, slots=True)
class Figures:
    """What a window says of the detector."""

    precision: Figure
    recall: Figure
    f1: Figure
    missed: Figure


@dataclass(frozen=True, slots=True)
class Draws:
    """Joint draws of a window, each of shape (draws,): present images of A, and of B and C together."""

    positives: int
    found: Counts
    missed: Counts

    @property
    def precision(self) -> Values:
        """TP / (TP + FP); empty if the detector found nothing."""
        return ratio(self.found, np.full_like(self.found, self.positives))

    @property
    def recall(self) -> Values:
        """TP / (TP + FN), over those draws where anything is present at all."""
        return ratio(self.found, self.found + self.missed)

    @property
    def f1(self) -> Values:
        """2 TP / (2 TP + FP + FN), over those draws where anything is present or was found."""
        return ratio(2 * self.found, self.positives + self.found + self.missed)


def draw(
    evidence: Mapping[Stratum, Evidence], drawing: Drawing, *, prior: float = NEUTRAL, also_missed: int = 0
) -> Draws:
    """Draw what the window may hold.

    Args:
        evidence: of each stratum that is estimated.
        drawing: the draws of the window, seeded by what names it (camera, label, window, end day).
        prior: of the strata of negatives.
        also_missed: images outside these strata that are taken to be missed.
    """
    parts = [(evidence[Stratum.A], JEFFREYS), *((evidence[stratum], prior) for stratum in NEGATIVES)]
    found, *missed = drawing.present(parts)
    return Draws(evidence[Stratum.A].population, found, sum(missed, np.full_like(found, also_missed)))


def estimate(evidence: Mapping[Stratum, Evidence], *names: str, also_missed: int = 0) -> Figures:
    """Return the figures of a window, seeded by `names`: the same evidence and names give the same bytes.

    Recall takes a reviewed image that shows the label. Without one there may be none at all, and the draws that define
    recall would be those of the prior: where the detector found nothing they would say 0 %, and be certain of it.
    """
    found, missed = unknown_reason(evidence, (Stratum.A,)), unknown_reason(evidence, NEGATIVES)
    nothing_found = not evidence[Stratum.A].population
    unseen = "" if any(evidence[s].present for s in ESTIMATED) else "no reviewed image shows the label"
    priors = () if missed and (found or nothing_found) else PRIORS  # most hours have no verdict: nothing to draw there
    drawing = Drawing(*names)
    drawn = [
        draw(each, drawing, prior=prior, also_missed=also_missed) for each in possible(evidence) for prior in priors
    ]
    return Figures(
        precision=figure_of([one.precision for one in drawn], found, "the detector found nothing"),
        recall=figure_of([one.recall for one in drawn], missed or found, "nothing is present", unseen),
        f1=figure_of(
            [one.f1 for one in drawn],
            missed or found,
            "nothing is present, and nothing was found",
            unseen if nothing_found else "",
        ),
        missed=NotEstimable(missed, most_missed(evidence)) if missed else hull([one.missed for one in drawn]),
    )


def possible(evidence: Mapping[Stratum, Evidence]) -> list[Mapping[Stratum, Evidence]]:
    """Return the evidence, and the worst and the best that it leaves possible if some images may be either.

    At worst the detector's positives are absent and its negatives present; at best it is the other way round.
    """
    if not any(each.ends for each in evidence.values()):
        return [evidence]
    worst = {stratum: each.least if stratum is Stratum.A else each.most for stratum, each in evidence.items()}
    best = {stratum: each.most if stratum is Stratum.A else each.least for stratum, each in evidence.items()}
    return [evidence, worst, best]


def interval(values: Values | Counts) -> Interval:
    """Take the 2.5, 50 and 97.5 % quantiles of draws, shape (draws,), each of them a value that was drawn."""
    places = [math.ceil(values.size * share) - 1 for share in (0.025, 0.5, 0.975)]  # np.quantile: four times the time
    low, median, high = np.partition(values, places)[places]
    return Interval(float(low), float(median), float(high))


def hull(values: Sequence[Values | Counts]) -> Interval:
    """Join the intervals of draws: the outermost ends, and the median of the second, whose prior is `NEUTRAL`.

    values: the draws under each of `PRIORS`, then those under each of them of whatever else is possible
    """
    ends = [interval(one) for one in values]
    return Interval(min(one.low for one in ends), ends[1].median, max(one.high for one in ends))


def rule_of_three(unseen: int, effective: float) -> float:
    """Bound the present images among `unseen` ones, when none was present among `effective` verdicts.

    With 95 % confidence the rate is at most 3 / n (Hanley, Lippman-Hand, JAMA 249, 1983); before the fourth verdict
    that says nothing, and the bound is every image without a truth.
    """
    return float(unseen) if effective <= 3 else 3 * unseen / effective  # noqa: PLR2004 - the three of the rule


def most_missed(evidence: Mapping[Stratum, Evidence]) -> float:
    """Bound the missed images where a stratum of negatives has no verdict.

    The rule of three where nothing was found present, else everything that is not known to be absent.
    """
    return sum(_most_present(evidence[stratum]) for stratum in NEGATIVES)


def _most_present(evidence: Evidence) -> float:
    if evidence.ends:
        return _most_present(evidence.most)
    if evidence.present:
        return float(evidence.present + evidence.unseen)
    return rule_of_three(evidence.unseen, evidence.effective)


def ratio(part: Counts, whole: Counts) -> Values:
    """Divide draws, over those whose whole is not 0."""
    is_defined = whole > 0
    return part / whole if is_defined.all() else part[is_defined] / whole[is_defined]


def unknown_reason(evidence: Mapping[Stratum, Evidence], strata: Sequence[Stratum]) -> str:
    """Name the strata of which no verdict speaks, or the cameras that have most of one; empty if all is known.

    Where cameras without a verdict have fewer images, the interval holds both ends of what they may show.
    """
    names = [stratum.value for stratum in strata if not evidence[stratum].is_known]
    if names:
        return f"no reviewed image in stratum {' and '.join(names)}"
    blind = [stratum for stratum in strata if 2 * evidence[stratum].unreviewed > evidence[stratum].population]
    if not blind:
        return ""
    cameras = sorted({camera for stratum in blind for camera in evidence[stratum].unreviewed_cameras})
    where = f"stratum {' and '.join(stratum.value for stratum in blind)}"
    return (
        f"no reviewed image of {_named(cameras)} in {where}, which {'has' if len(cameras) == 1 else 'have'} most of it"
    )


def _named(cameras: Sequence[str]) -> str:
    """Name the first cameras, and count the others."""
    shown = [camera if len(camera) <= LONGEST_NAME else camera[:LONGEST_NAME] + "…" for camera in cameras[:NAMED]]
    others = len(cameras) - len(shown)
    return ", ".join(shown) + (f" and {others} more" if others else "")


def figure_of(values: Sequence[Values], unknown: str, undefined: str, unseen: str = "") -> Figure:
    """Return the interval of `values`; none if a stratum is unknown, no draw defines the figure, or `unseen` is set."""
    if unknown:
        return NotEstimable(unknown)
    if not values or not any(one.size for one in values):
        return NotEstimable(undefined)
    if unseen or not all(one.size for one in values):
        return NotEstimable(unseen or undefined)
    return hull(values)
