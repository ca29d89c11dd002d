"""Whether a picture belongs to a set, by the labels that it shares with examples: pure functions.

One generic label that everything shares (`Animal`, `Outdoors`) says nothing. What counts is what most examples share,
and of that neither the parents of another shared label nor what nearly every picture of the set shows. Each label
weighs as much as it is frequent among the examples and in the set; a picture fits if it has half of the weight.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sightline.errors import SightlineError
from sightline.models.answers import Answer

NEARLY_EVERY = 0.95
"""A label that so large a share of the set shows tells nothing about one picture."""

MOST_STRAYS = 1 / 3
"""A set is mostly what it should be. If leaving out the common labels made more of it strays, they count after all."""

ENOUGH = 0.5
"""Of the weight of all evidence."""

UNWANTED_PERCENT = 50.0
"""From this confidence on a picture shows what the set must not show, whatever evidence needs."""


class Outcome(StrEnum):
    """What became of a picture. `unreadable`: the file is broken; `unjudged`: nothing is known about it yet."""

    FITS = "fits"
    STRAY = "stray"
    UNWANTED = "unwanted"
    UNREADABLE = "unreadable"
    UNJUDGED = "unjudged"


class NoEvidence(SightlineError):
    """The examples do not say what the set should show."""

    rule = "most examples must share a label, and some picture of the set must show it"
    remedy = "Name examples of one kind of thing with --like, or lower --at-least"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture shows. labels: name → confidence in percent; parents: name → the names of its parents.

    cut_percent: what is less certain was left out of the answer; None: nothing was
    """

    labels: Mapping[str, float]
    parents: Mapping[str, Collection[str]]
    cut_percent: float | None = None

    def shown(self, least_percent: float) -> frozenset[str]:
        """Return the labels of at least this confidence."""
        return frozenset(name for name, percent in self.labels.items() if percent >= least_percent)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the set should show. weights: label → weight, above 0; of at least one label.

    too_common: what the examples share too, and nearly every picture of the set shows: it does not count
    only_common: whether the weights are of such labels after all, because too little would be left without them
    generic: whether every label is a parent of what the examples show, such as Pet if one shows a dog, another a cat
    """

    weights: Mapping[str, float]
    too_common: tuple[str, ...] = ()
    only_common: bool = False
    generic: bool = False

    def share(self, shown: Collection[str]) -> float:
        """Return the share of the whole weight that these labels have, 0 to 1."""
        return sum(weight for name, weight in self.weights.items() if name in shown) / sum(self.weights.values())

    def fits(self, shown: Collection[str]) -> bool:
        """Return whether a picture with these labels belongs to the set."""
        return self.share(shown) >= ENOUGH


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a picture. because: in words; empty if it fits."""

    outcome: Outcome
    because: str = ""


def seen_in(answer: Answer) -> Seen:
    """Return what an answer of the feature `labels` shows."""
    labels = {each.name: each.confidence for each in answer.detections}
    parents = {each.name: tuple(each.attributes.get("parents", ())) for each in answer.detections}
    return Seen(labels, parents, answer.cut_percent)


def gather(examples: Mapping[str, Seen], members: Sequence[Seen], least_percent: float) -> Evidence:
    """Return what the set should show. examples: by URI; members: the pictures of the set.

    Raise NoEvidence, with what each example shows, if most of them share nothing or the set shows nothing of it.
    """
    shared = _most_specific(_shared(examples, least_percent), examples.values())
    shown = [each.shown(least_percent) for each in members]
    frequency = Counter(name for labels in shown for name in labels)
    weights = {
        name: share * frequency[name] / len(shown)
        for name, share in sorted(shared.items())
        if frequency[name]  # so `shown` is not empty
    }
    if not weights:
        raise _no_evidence(examples, shared, least_percent)
    generic = not any(name in _leaves(each, least_percent) for each in examples.values() for name in weights)
    common = {name for name in weights if frequency[name] >= NEARLY_EVERY * len(shown)}
    telling = {name: weight for name, weight in weights.items() if name not in common}
    if telling and _strays(telling, shown) <= MOST_STRAYS * len(shown):
        return Evidence(telling, tuple(sorted(common)), generic=generic)
    return Evidence(weights, only_common=bool(common), generic=generic)


def odd_examples(examples: Mapping[str, Seen], evidence: Evidence, least_percent: float) -> list[str]:
    """Return the examples that would be strays themselves."""
    return [uri for uri, seen in examples.items() if not evidence.fits(seen.shown(least_percent))]


def judge(seen: Seen, evidence: Evidence, without: Iterable[str], least_percent: float) -> Verdict:
    """Return what is to be said of a picture. without: labels that it must not show."""
    if found := [name for name in without if name in seen.shown(UNWANTED_PERCENT)]:
        return Verdict(Outcome.UNWANTED, "shows " + _with_percent(found, seen))
    shown = seen.shown(least_percent)
    if seen.cut_percent is not None and seen.cut_percent > min(least_percent, UNWANTED_PERCENT):
        return Verdict(
            Outcome.UNJUDGED, f"the answer ends at {seen.cut_percent:.0f} %: what it does not name is unknown"
        )
    if evidence.fits(shown):
        return Verdict(Outcome.FITS)
    missing = ", ".join(name for name in evidence.weights if name not in shown)
    return Verdict(Outcome.STRAY, f"does not show {missing}; shows {_with_percent(_surest(seen), seen)}")


def _shared(examples: Mapping[str, Seen], least_percent: float) -> dict[str, float]:
    """Return the labels that more than half of the examples show: name → share of the examples."""
    counts = Counter(name for each in examples.values() for name in each.shown(least_percent))
    return {name: count / len(examples) for name, count in counts.items() if 2 * count > len(examples)}


def _most_specific(shared: Mapping[str, float], examples: Iterable[Seen]) -> dict[str, float]:
    """Leave out what is a parent of another shared label: of Dog, Mammal and Animal only Dog is left."""
    parents = {parent for each in examples for name in shared for parent in each.parents.get(name, ())}
    return {name: share for name, share in shared.items() if name not in parents}


def _leaves(seen: Seen, least_percent: float) -> frozenset[str]:
    """Return what an example shows that is no parent of something else in it."""
    shown = seen.shown(least_percent)
    return shown - {parent for name in shown for parent in seen.parents.get(name, ())}


def _strays(weights: Mapping[str, float], shown: Iterable[Collection[str]]) -> int:
    evidence = Evidence(weights)
    return sum(not evidence.fits(labels) for labels in shown)


def _no_evidence(examples: Mapping[str, Seen], shared: Mapping[str, float], least_percent: float) -> NoEvidence:
    if shared:
        rule = f"some picture of the set must show what the examples share: {', '.join(sorted(shared))}"
        return NoEvidence("the set", rule=f"{rule}, with at least {least_percent:g} %")
    said = "; ".join(f"{uri} shows {_with_percent(_surest(seen), seen)}" for uri, seen in examples.items())
    return NoEvidence(said, rule=f"most examples must share a label of at least {least_percent:g} %")


MOST_NAMED = 5


def _surest(seen: Seen) -> list[str]:
    return sorted(seen.labels, key=lambda name: -seen.labels[name])[:MOST_NAMED]


def _with_percent(names: Iterable[str], seen: Seen) -> str:
    return ", ".join(f"{name} {seen.labels[name]:.0f} %" for name in names) or "nothing"
