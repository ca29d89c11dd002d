"""Which images are asked for, in which order, and how far the review has come.

The order of a stratum is that of a hash of (salt, day, camera, label, image id). It is a simple random order that
anyone can compute again, that nobody can choose, and that does not depend on when an image arrived. The first n of
it are a simple random sample without replacement of size n, so only an unbroken run from the start may be used:
a reviewer who skips an image stops the count there and cannot steer it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Verdict, settle


@dataclass(frozen=True, slots=True)
class Cell:
    """One camera, label and capture day (YYYY-MM-DD in the camera's time zone): the unit that is sampled."""

    camera: str
    label: str
    day: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One analysed image of a cell.

    content: sha256 (hex) of the bytes that its row shows now
    confidence_percent: of the label; None if it is absent
    hour: of its capture, 0–23 in the camera's time zone
    """

    image_id: str
    content: str
    stratum: Stratum
    confidence_percent: float | None
    hour: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A candidate of the reviewed prefix with the settled answer."""

    candidate: Candidate
    answer: Answer


def order_key(salt: str, cell: Cell, image_id: str) -> str:
    """Return the place of an image in its cell's order: sha256, hex; strings compare as the order goes."""
    return hashlib.sha256(f"{salt}\n{cell.day}\n{cell.camera}\n{cell.label}\n{image_id}".encode()).hexdigest()


def in_order(salt: str, cell: Cell, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort candidates of one cell and stratum as they are to be reviewed."""
    return sorted(candidates, key=lambda candidate: order_key(salt, cell, candidate.image_id))


def by_stratum(candidates: Iterable[Candidate]) -> dict[Stratum, list[Candidate]]:
    """Part the candidates of a cell; every stratum has its list, empty or not."""
    parts: dict[Stratum, list[Candidate]] = {stratum: [] for stratum in Stratum}
    for candidate in candidates:
        parts[candidate.stratum].append(candidate)
    return parts


def counting_answers(candidates: Iterable[Candidate], label: str, verdicts: Iterable[Verdict]) -> dict[str, Answer]:
    """Settle the verdicts on `label` that count: image id → answer. Others' images and stale bytes fall away."""
    contents = {candidate.image_id: candidate.content for candidate in candidates}
    counting: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        content = contents.get(verdict.image_id)
        if content is not None and verdict.label == label and verdict.counts_for(content):
            counting[verdict.image_id].append(verdict)
    settled = {image_id: settle(given) for image_id, given in counting.items()}
    return {image_id: answer for image_id, answer in settled.items() if answer is not None}


def reviewed_prefix(ordered: Sequence[Candidate], answers: Mapping[str, Answer]) -> list[Reviewed]:
    """Read the longest run from the start of the order in which every image has an answer; unsure is one."""
    prefix = []
    for candidate in ordered:
        answer = answers.get(candidate.image_id)
        if answer is None:
            break
        prefix.append(Reviewed(candidate, answer))
    return prefix


def waiting(ordered: Sequence[Candidate], answers: Mapping[str, Answer]) -> list[Candidate]:
    """Name, in order, the images without an answer: the first of them is what holds the prefix up."""
    return [candidate for candidate in ordered if candidate.image_id not in answers]


def held_back(ordered: Sequence[Candidate], answers: Mapping[str, Answer]) -> int:
    """Count answers beyond the prefix: they are kept, and begin to count when the images before them are reviewed."""
    return sum(candidate.image_id in answers for candidate in ordered) - len(reviewed_prefix(ordered, answers))
