"""Which images a second person looks at: a hash draws them before anybody has looked, and reviewers doubt others.

Only a drawn second look may change an estimate. If people chose which images are looked at again (where the answer
differs from the detector's, say), the estimate would be pulled towards what they chose by. A doubt is such a choice, so
a look at a doubted image is volunteered, and a drawn image comes no earlier for being doubted.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sightline.stats.verdicts import DECIDING, Source, Verdict

SHARE = 0.1
"""The share of all images that are drawn. A larger one later keeps those that are drawn now."""


Picture: TypeAlias = tuple[str, str]
"""An image and the SHA-256 of its bytes."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """An image that waits for another reviewer. content: the bytes that were judged before."""

    image_id: str
    label: str
    content: str


def is_drawn(salt: str, label: str, image_id: str) -> bool:
    """Return whether a second look at the image counts. Neither day nor camera is hashed: both may be corrected."""
    return _place(salt, label, image_id) < SHARE


def _place(salt: str, label: str, image_id: str) -> float:
    digest = hashlib.sha256(f"second look\n{salt}\n{label}\n{image_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def second_looks(
    verdicts: Iterable[Verdict], reviewer: str, salt: str, doubted: Collection[Picture] = frozenset()
) -> list[SecondLook]:
    """Return the images that wait for a look by this reviewer, who has said nothing about them yet.

    First come those that are drawn and where two reviewers differ, because a third decides; then those that are drawn
    and have one verdict; then those that are doubted; each in an order that a hash fixes.
    """
    given: defaultdict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        given[verdict.image_id, verdict.label].append(verdict)
    waiting: list[tuple[bool, int, float, SecondLook]] = []
    for (image_id, label), said in given.items():
        counting, place = _counting(said), _place(salt, label, image_id)
        if counting and is_asked_again(reviewer, (image_id, counting[0].content), label, said, salt, doubted):
            look = SecondLook(image_id, label, counting[0].content)
            waiting.append((place >= SHARE, -len(counting), place, look))
    return [look for *_, look in sorted(waiting, key=lambda each: each[:3])]


def is_asked_again(
    reviewer: str, picture: Picture, label: str, said: Sequence[Verdict], salt: str, doubted: Collection[Picture]
) -> bool:
    """Return whether these bytes, which somebody was asked about, wait for a look by this reviewer as well.

    said: all that was said of the image and label, about any bytes. Who has said something is asked no more.
    """
    counting = _counting(said)
    if not counting or counting[0].content != picture[1] or reviewer in {verdict.reviewer for verdict in said}:
        return False
    if is_drawn(salt, label, picture[0]):
        return _is_open(counting)
    return picture in doubted and len({each.reviewer for each in said if each.content == picture[1]}) == 1


def _counting(said: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that count on the bytes of the last sampled one."""
    sampled = [verdict for verdict in said if verdict.source is Source.SAMPLED]
    if not sampled:
        return []
    content = max(sampled, key=lambda verdict: verdict.at).content
    return [verdict for verdict in said if verdict.counts_for(content)]


def _is_open(counting: Sequence[Verdict]) -> bool:
    """Return whether another reviewer's word may change or confirm the answer."""
    differ = len({verdict.answer for verdict in counting}) > 1
    return len(counting) == 1 or (differ and len(counting) < DECIDING)
