"""Did the detector get worse? Two windows that share no day are compared draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.stats.drawing import Drawing
from sightline.stats.figures import Interval, NotEstimable, draw, hull, possible, unknown_reason
from sightline.stats.posterior import PRIORS, Evidence, Values
from sightline.stats.strata import ESTIMATED, Stratum


@dataclass(frozen=True, slots=True)
class Change:
    """Recall of the later window less that of the earlier one, as shares: −0.1 is ten points down."""

    difference: Interval

    @property
    def is_drop(self) -> bool:
        """Return whether recall fell: the whole interval lies below zero, which chance does in 2.5 % of all cases."""
        return self.difference.high < 0


def recall_change(
    before: Mapping[Stratum, Evidence], after: Mapping[Stratum, Evidence], *names: str
) -> Change | NotEstimable:
    """Compare the recall of two windows, which must share no day: a shared one would hide a change.

    The priors are set against each other: a window that is reviewed less leans more on its prior, and that alone must
    not look like a change. The interval is the hull of few missed before and many after, and the other way round.
    """
    unknown = unknown_reason(before, ESTIMATED) or unknown_reason(after, ESTIMATED)
    if unknown:
        return NotEstimable(unknown)
    pairs = [*zip(PRIORS, reversed(PRIORS), strict=True)]
    worlds = [(before, after), *_far_apart(before, after)]
    values = [_difference(*world, first, second, *names) for world in worlds for first, second in pairs]
    if not all(one.size for one in values):
        return NotEstimable("nothing is present in one of the windows")
    return Change(hull(values))


def _far_apart(
    before: Mapping[Stratum, Evidence], after: Mapping[Stratum, Evidence]
) -> list[tuple[Mapping[Stratum, Evidence], Mapping[Stratum, Evidence]]]:
    """Return the worst of one window with the best of the other, if images of either may be present or absent."""
    first, second = possible(before), possible(after)
    if len(first) == len(second) == 1:
        return []
    return [(first[-1], second[min(1, len(second) - 1)]), (first[min(1, len(first) - 1)], second[-1])]


def _difference(
    before: Mapping[Stratum, Evidence],
    after: Mapping[Stratum, Evidence],
    prior_before: float,
    prior_after: float,
    *names: str,
) -> Values:
    """Subtract independent draws; where some leave recall undefined, as many as both have."""
    earlier = draw(before, Drawing(*names, "before"), prior=prior_before).recall
    later = draw(after, Drawing(*names, "after"), prior=prior_after).recall
    size = min(earlier.size, later.size)
    return later[:size] - earlier[:size]
