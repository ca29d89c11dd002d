"""Do reviewers agree? Where two looked at the same bytes, Cohen's kappa says how much better than by chance."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TypeAlias

from sightline.stats.verdicts import Answer, Verdict

Pair: TypeAlias = tuple[Answer, Answer]

NORMAL_QUANTILE = 1.959964
"""Of 97.5 %: 2.5 % lie above it, and 2.5 % below its negative."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two reviewers answered.

    observed: the share of pairs that are equal
    kappa: 1 for perfect agreement, 0 for what chance gives, below 0 for less; None if chance alone explains all
    low, high: the range that holds it with 95 % certainty; None if kappa is
    """

    pairs: int
    observed: float
    kappa: float | None
    low: float | None
    high: float | None


def double_reviews(verdicts: Iterable[Verdict]) -> list[Pair]:
    """Pair the answers that different reviewers gave on the same image, label and bytes, in order of their names."""
    groups: defaultdict[tuple[str, str, str], dict[str, Answer]] = defaultdict(dict)
    for verdict in verdicts:
        groups[verdict.image_id, verdict.label, verdict.content][verdict.reviewer] = verdict.answer
    return [
        (given[first], given[second])
        for _, given in sorted(groups.items())
        for first, second in combinations(sorted(given), 2)
    ]


def cohens_kappa(pairs: Sequence[Pair]) -> Agreement | None:
    """Compute (observed − chance) / (1 − chance) over present, absent and unsure; None without a pair.

    Source: Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960.
    Its range is that of the observed share, with chance taken as known. Cohen's standard error, sqrt(observed
    (1 − observed) / n) / (1 − chance), is 0 where all pairs agree or none does, which would claim certainty.
    """
    if not pairs:
        return None
    total = len(pairs)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    agreed = sum(first is second for first, second in pairs)
    matches = sum(firsts[answer] * seconds[answer] for answer in Answer)
    if matches == total * total:
        return Agreement(total, agreed / total, None, None, None)
    chance = matches / (total * total)
    shares = (agreed / total, *wilson_bounds(agreed, total))
    kappa, low, high = (max(-1.0, min(1.0, (share - chance) / (1 - chance))) for share in shares)
    return Agreement(total, agreed / total, kappa, low, high)


def wilson_bounds(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share: never of width 0, also at a share of 0 or 1.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22, 1927.
    """
    share, square = successes / trials, NORMAL_QUANTILE**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
