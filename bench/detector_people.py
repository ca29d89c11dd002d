"""Counting: every person in six frames of the demo's yard, whose middles were marked by eye in yard_people.csv.

A find counts if the middle of a person that no surer find has lies in its box. Their boxes have no truth, so this says
nothing of how well a box fits.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sightline.models.answers import Detection

MARKED = Path(__file__).parent / "yard_people.csv"

Middle: TypeAlias = tuple[float, float]
"""x and y as fractions of the frame."""


@dataclass(frozen=True, slots=True)
class Find:
    """A person who was found, and whether there is one."""

    confidence: float
    is_true: bool


def read_marked(path: Path = MARKED) -> Mapping[str, Sequence[Middle]]:
    """Return the middles of the people, by the source of the frame."""
    people: dict[str, list[Middle]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            people[row["source"]].append((float(row["x"]), float(row["y"])))
    return people


def match(people: Sequence[Detection], middles: Sequence[Middle]) -> list[Find]:
    """Match what was found in one frame, the surest first: a person is found once."""
    left = list(middles)
    finds = []
    for each in sorted(people, key=lambda each: -each.confidence):
        inside = [middle for middle in left if _has(each, middle)]
        if inside:
            left.remove(inside[0])
        finds.append(Find(each.confidence, bool(inside)))
    return finds


def average_precision(finds: Sequence[Find], people: int) -> float:
    """Return the area under precision over recall, with the best precision at the same or a higher recall."""
    surest_first = np.array([each.is_true for each in sorted(finds, key=lambda each: -each.confidence)], bool)
    if not surest_first.any():
        return 0.0
    precision = np.cumsum(surest_first) / np.arange(1, len(surest_first) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[surest_first].sum() / people)


def counting(seen: Mapping[str, Sequence[Detection]], marked: Mapping[str, Sequence[Middle]]) -> str:
    """Return how many of the marked people were found, and the average precision. seen: people by source."""
    finds = [find for source, middles in marked.items() for find in match(seen[source], middles)]
    total = sum(map(len, marked.values()))
    at = [(least, [find.is_true for find in finds if find.confidence >= least]) for least in (50, 90)]
    counts = [f"{sum(true)}/{total} at {least}, {len(true) - sum(true)} false" for least, true in at]
    return f"{'; '.join(counts)}; average precision {average_precision(finds, total):.2f}"


def _has(person: Detection, middle: Middle) -> bool:
    if person.box is None:
        return False
    x, y = middle[0] - person.box.left, middle[1] - person.box.top
    return 0 <= x <= person.box.width and 0 <= y <= person.box.height
