"""Do reviewers agree? Where two looked at the same bytes, Cohen's kappa says how much better than by chance."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TypeAlias

from sightline.stats.strata import ESTIMATED, Stratum
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


@dataclass(frozen=True, slots=True)
class PairOfReviewers:
    """Two reviewers, in order of their names, and what they said about the same images and one label."""

    label: str
    first: str
    second: str
    answers: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class WithDetector:
    """How often one reviewer's answers to the review were the detector's, of those that were present or absent.

    low, high: the range that holds the share with 95 % certainty; None without a decided answer
    """

    label: str
    reviewer: str
    decided: int
    equal: int
    unsure: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An image about whose bytes reviewers differ. content: their SHA-256; answers: reviewer → answer."""

    image_id: str
    label: str
    content: str
    answers: Mapping[str, Answer]


def double_reviews(verdicts: Iterable[Verdict]) -> list[Pair]:
    """Pair the answers that different reviewers gave on the same image, label and bytes, in order of their names."""
    return [
        (given[first], given[second])
        for given in _by_picture(verdicts).values()
        for first, second in combinations(sorted(given), 2)
    ]


def by_pair(verdicts: Iterable[Verdict]) -> list[PairOfReviewers]:
    """Gather the same pairs by label and by who gave them."""
    found: defaultdict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for (_, label, _), given in _by_picture(verdicts).items():
        for first, second in combinations(sorted(given), 2):
            found[label, first, second].append((given[first], given[second]))
    return [PairOfReviewers(*who, found[who]) for who in sorted(found)]


def with_detector(verdicts: Iterable[Verdict]) -> list[WithDetector]:
    """Compare each reviewer's answers to the review with the detector's, by label.

    The detector said `present` of stratum A, where the image stood when it was asked about. Volunteered verdicts are
    given beside its answer, and what it said of stratum D is unknown.
    """
    found: defaultdict[tuple[str, str], Counter[bool | None]] = defaultdict(Counter)
    for each in verdicts:
        if each.source.was_asked and each.stratum in ESTIMATED:
            said = Answer.PRESENT if each.stratum is Stratum.A else Answer.ABSENT
            found[each.label, each.reviewer][None if each.answer is Answer.UNSURE else each.answer is said] += 1
    return [_with_detector(label, reviewer, found[label, reviewer]) for label, reviewer in sorted(found)]


def _with_detector(label: str, reviewer: str, counts: Mapping[bool | None, int]) -> WithDetector:
    equal, decided = counts.get(True, 0), counts.get(True, 0) + counts.get(False, 0)
    low, high = wilson_bounds(equal, decided) if decided else (None, None)
    return WithDetector(label, reviewer, decided, equal, counts.get(None, 0), low, high)


def disagreements(verdicts: Iterable[Verdict]) -> list[Disagreement]:
    """Return the images about which reviewers differ, by image and label."""
    return [
        Disagreement(image_id, label, content, given)
        for (image_id, label, content), given in _by_picture(verdicts).items()
        if len(set(given.values())) > 1
    ]


def _by_picture(verdicts: Iterable[Verdict]) -> dict[tuple[str, str, str], dict[str, Answer]]:
    """Gather answers by image, label and bytes, in this order: reviewer → answer."""
    groups: defaultdict[tuple[str, str, str], dict[str, Answer]] = defaultdict(dict)
    for verdict in verdicts:
        groups[verdict.image_id, verdict.label, verdict.content][verdict.reviewer] = verdict.answer
    return dict(sorted(groups.items()))


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
