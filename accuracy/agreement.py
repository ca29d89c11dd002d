"""Do reviewers agree? Where two looked at the same bytes, Cohen's kappa says how much better than by chance."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TypeAlias

from accuracy.verdicts import Answer, Verdict

Pair: TypeAlias = tuple[Answer, Answer]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two reviewers answered.

    observed: the share of pairs that are equal
    kappa: 1 for perfect agreement, 0 for what chance gives, below 0 for less; None where chance alone explains all
    error: its standard error
    """

    pairs: int
    observed: float
    kappa: float | None
    error: float | None


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

    Source: Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960;
    its standard error is sqrt(observed (1 − observed) / n) / (1 − chance).
    """
    if not pairs:
        return None
    total = len(pairs)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    observed = sum(first is second for first, second in pairs) / total
    matches = sum(firsts[answer] * seconds[answer] for answer in Answer)
    if matches == total * total:
        return Agreement(total, observed, None, None)
    chance = matches / (total * total)
    error = sqrt(observed * (1 - observed) / total) / (1 - chance)
    return Agreement(total, observed, (observed - chance) / (1 - chance), error)
