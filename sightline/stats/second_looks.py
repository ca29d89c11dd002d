"""Which images a second person looks at: a hash draws them before anybody has looked.

Only such a second look may change an estimate. If people chose which images are looked at again (where the answer
differs from the detector's, say), the estimate would be pulled towards what they chose by.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sightline.stats.verdicts import DECIDING, Source, Verdict

SHARE = 0.1
"""The share of all images that are drawn. A larger one later keeps those that are drawn now."""


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


def second_looks(verdicts: Iterable[Verdict], reviewer: str, salt: str) -> list[SecondLook]:
    """Return the drawn images that wait for a look by this reviewer, who has said nothing about them yet.

    First come those where two reviewers differ, because a third decides; then those with one verdict; each in an order
    that a hash fixes.
    """
    given: defaultdict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        given[verdict.image_id, verdict.label].append(verdict)
    waiting = [
        (-len(counting), _place(salt, label, image_id), SecondLook(image_id, label, counting[0].content))
        for (image_id, label), said in given.items()
        if is_drawn(salt, label, image_id) and reviewer not in {verdict.reviewer for verdict in said}
        for counting in [_counting(said)]
        if _is_open(counting)
    ]
    return [look for _, _, look in sorted(waiting, key=lambda each: each[:2])]


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
