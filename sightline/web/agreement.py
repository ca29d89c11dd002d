"""How far reviewers agree, with one another and with the detector, as a visitor may see it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sightline.stats.agreement import (
    Agreement,
    Disagreement,
    PairOfReviewers,
    WithDetector,
    by_pair,
    cohens_kappa,
    disagreements,
    double_reviews,
    with_detector,
)
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import DECIDING, Answer, Verdict
from sightline.storage.users.doubts import Doubt
from sightline.storage.users.protocol import Role
from sightline.web.console import Console
from sightline.web.doubts import doubts_of
from sightline.web.visitors import Visitor
from sightline.web.words import words_for


@dataclass(frozen=True, slots=True)
class PairShown:
    """Two reviewers. table: what the first said → what the second said → how often."""

    pair: PairOfReviewers
    agreement: Agreement
    table: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Doubted:
    """A doubt, and what all reviewers have said of the same bytes: one answer waits for another look."""

    doubt: Doubt
    answers: Mapping[str, Answer]

    @property
    def is_waiting(self) -> bool:
        """Return whether nobody else has looked yet."""
        return len(self.answers) == 1


@dataclass(frozen=True, slots=True)
class Compared:
    """All of it.

    together: all pairs in one; with_detector: each reviewer's, to a reviewer their own alone
    differing: images about which reviewers differ; to_decide: how many of them a third look may decide
    doubted: of which answers a reviewer is not sure, and what became of them
    """

    as_of: datetime
    together: Agreement | None
    pairs: Sequence[PairShown]
    with_detector: Sequence[WithDetector]
    differing: Sequence[Disagreement]
    to_decide: int
    doubted: Sequence[Doubted]


def compare(visitor: Visitor, console: Console) -> Compared:
    """Compare what was said, as far as this visitor may know of it."""
    words = words_for(visitor, console)
    differing = disagreements(words.verdicts)
    salt = console.services.accuracy.salt
    sees_all = visitor.is_any(Role.OWNER, Role.OPERATOR)
    return Compared(
        words.as_of,
        cohens_kappa(double_reviews(words.verdicts)),
        [_shown(pair) for pair in by_pair(words.verdicts)],
        [each for each in with_detector(words.verdicts) if sees_all or each.reviewer == visitor.user],
        differing,
        sum(is_drawn(salt, each.label, each.image_id) and _is_open(each) for each in differing),
        _doubted(words.verdicts, console),
    )


def _doubted(verdicts: Sequence[Verdict], console: Console) -> list[Doubted]:
    """Return the doubts about answers that the visitor may know of."""
    given: defaultdict[tuple[str, str, str], dict[str, Answer]] = defaultdict(dict)
    for each in verdicts:
        given[each.image_id, each.label, each.content][each.reviewer] = each.answer
    doubts = [doubt for rule in console.services.accuracy.rules for doubt in doubts_of(rule.label, console)]
    known = [(doubt, given.get((doubt.image_id, doubt.label, doubt.content))) for doubt in doubts]
    return [Doubted(doubt, answers) for doubt, answers in known if answers]


def _shown(pair: PairOfReviewers) -> PairShown:
    agreement = cohens_kappa(pair.answers)
    if agreement is None:
        raise ValueError(f"{pair.first} and {pair.second} have no image in common")
    counts = Counter(pair.answers)
    return PairShown(pair, agreement, [[counts[one, other] for other in Answer] for one in Answer])


def _is_open(each: Disagreement) -> bool:
    """Return whether a third reviewer has yet to look."""
    return len(each.answers) < DECIDING
