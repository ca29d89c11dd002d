"""Verify a training set: read it, ask what its pictures show, and say which do not belong to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sightline.services.collaborators import Services
from sightline.services.training_sets.asking import Failed, Quote, analysis_of, ask, quote, rejected
from sightline.services.training_sets.duplicates import Group, duplicates
from sightline.services.training_sets.evidence import (
    Evidence,
    Outcome,
    Seen,
    Verdict,
    gather,
    judge,
    odd_examples,
    seen_in,
)
from sightline.services.training_sets.reading import Read
from sightline.storage.buckets.protocol import Prefix
from sightline.storage.ledger.protocol import Entry


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. without: labels that no picture of the set may show."""

    place: Prefix
    without: tuple[str, ...]
    least_percent: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture of the set with its verdict. labels: what it shows, the surest first; empty if it was not asked."""

    picture: Read
    verdict: Verdict
    labels: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. odd: the examples that would be strays themselves; skipped: objects that are no pictures by name.

    paid: calls that were answered, or refused, in this run
    """

    asked: Asked
    examples: Sequence[Read]
    evidence: Evidence
    odd: Sequence[str]
    judged: Sequence[Judged]
    duplicates: Sequence[Group]
    skipped: int
    paid: int
    cost_micro_usd: int

    def of(self, *outcomes: Outcome) -> list[Judged]:
        """Return the pictures with one of these outcomes."""
        return [each for each in self.judged if each.verdict.outcome in outcomes]

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know before trusting the verdicts, in sentences."""
        common = ", ".join(self.evidence.too_common or (self.evidence.weights if self.evidence.only_common else ()))
        shared = ", ".join(self.evidence.weights)
        judged = self.of(Outcome.FITS, Outcome.STRAY, Outcome.UNWANTED)
        made = (
            (self.evidence.too_common, f"Nearly every picture shows {common}, so that is no evidence"),
            (
                self.evidence.only_common,
                f"Some of {common} is in nearly every picture, and counts only because too little is left without it",
            ),
            (
                self.evidence.generic,
                f"The examples share only parents of what each shows ({shared}): name some of one kind",
            ),
            *((True, f"The example {uri} would be a stray itself") for uri in self.odd),
            (
                2 * len(self.of(Outcome.STRAY)) > len(judged),
                "More than half of the pictures are strays: the examples may be at fault",
            ),
        )
        return [words for is_true, words in made if is_true]


class Verification:
    """One run: quote, then pay, then judge."""

    def __init__(self, asked: Asked, examples: Sequence[Read], members: Sequence[Read], skipped: int) -> None:
        self._asked, self._examples, self._members, self._skipped = asked, examples, members, skipped
        self._failed: dict[str, Verdict] = {}
        self._entries: dict[str, Entry] = {}
        self._paid = 0
        self._cost = 0

    def quote(self, services: Services) -> Quote:
        """Return what asking costs."""
        quoted = quote((each for each in (*self._examples, *self._members) if each.verdict is None), services)
        self._entries.update(quoted.answered)
        return quoted

    def ask(self, quoted: Quote, services: Services) -> Iterator[None]:
        """Pay; yield after each call."""
        for each in ask(quoted, services):
            if isinstance(each, Failed):
                self._failed[each.analysis_id] = each.verdict
            else:
                self._entries[each.analysis.analysis_id] = each
                self._paid += 1
                self._cost += each.cost_micro_usd
            yield

    def report(self, services: Services) -> Report:
        """Judge every picture. Raise NoEvidence if the examples do not say what the set should show."""
        seen = {str(each): found for each in self._members if (found := self._seen(each, services))}
        examples = {str(each): found for each in self._examples if (found := self._seen(each, services))}
        least = self._asked.least_percent
        evidence = gather(examples, [*seen.values()], least)
        return Report(
            self._asked,
            self._examples,
            evidence,
            odd_examples(examples, evidence, least),
            [self._judged(each, seen.get(str(each)), evidence, services) for each in self._members],
            duplicates({str(each): each.print for each in self._members if each.print}),
            self._skipped,
            self._paid,
            self._cost,
        )

    def _seen(self, picture: Read, services: Services) -> Seen | None:
        if picture.verdict is not None:
            return None
        entry = self._entries.get(analysis_of(picture, services).analysis_id)
        return seen_in(entry.answer) if entry and entry.answer else None

    def _judged(self, picture: Read, seen: Seen | None, evidence: Evidence, services: Services) -> Judged:
        if seen is None:
            return Judged(picture, picture.verdict or self._why_not(picture, services), {})
        verdict = judge(seen, evidence, self._asked.without, self._asked.least_percent)
        return Judged(picture, verdict, dict(sorted(seen.labels.items(), key=lambda each: -each[1])))

    def _why_not(self, picture: Read, services: Services) -> Verdict:
        name = analysis_of(picture, services).analysis_id
        if name in self._failed:
            return self._failed[name]
        return rejected(self._entries[name]) if name in self._entries else Verdict(Outcome.UNJUDGED, "it was not asked")
