"""Simulated windows of which verdicts tell less than they seem to: a camera without any, unsure ones, few a day.

Here an honest interval may be wide and hold the truth always; one that claims too much misses it. A world makes one
window: its cells, and what is true of precision, recall, F1 and missed images.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from bench.accuracy_worlds import RECALL_60, RECALL_80, SHARES, SIZES, Array, Whole
from sightline.stats.counts import CellCounts, Tally, review_cell
from sightline.stats.queue import next_images
from sightline.stats.sampling import Candidate, Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.verdicts import Answer

Window: TypeAlias = tuple[list[CellCounts], list[float]]

VERDICTS = 120
UNSURE = 0.4
SMALL = np.array([8.0, 3.0, 14.0])
"""A camera of 25 images a day, in A, B and C."""

SMALL_RATES = np.array([0.8, 0.2, 0.03])
DAYS, VERDICTS_A_DAY = 7, 6


def one_camera_reviewed(source: np.random.Generator) -> Window:
    """A harder camera with a fifth of the images has no verdict at all."""
    easy, easy_truth = _images(SIZES, RECALL_80, source)
    hard, hard_truth = _images(SIZES / 5, RECALL_60 * source.uniform(0.2, 1.1), source)
    decided = np.minimum(np.round(VERDICTS * SHARES).astype(np.int64), easy)
    present = source.hypergeometric(easy_truth, easy - easy_truth, decided)
    cells = [_cell("easy", easy, present, decided - present), _cell("hard", hard, 0 * hard, 0 * hard)]
    return cells, _true(easy + hard, easy_truth + hard_truth)


def unsure_of_present_images(source: np.random.Generator) -> Window:
    """Two of five present images do not tell reviewers that they are."""
    images, truth = _images(SIZES, RECALL_80, source)
    decided = np.minimum(np.round(VERDICTS * SHARES).astype(np.int64), images)
    present = source.hypergeometric(truth, images - truth, decided)
    unsure = source.binomial(present, UNSURE)
    return [_cell("yard", images, present - unsure, decided - present, unsure)], _true(images, truth)


def few_verdicts_a_day(source: np.random.Generator) -> Window:
    """A week of a small camera; the queue chooses each day's images, and carries over what a stratum lacks."""
    cells, total, truths = [], np.zeros(3, np.int64), np.zeros(3, np.int64)
    before: Counter[tuple[str, Stratum]] = Counter()
    for day in range(DAYS):
        images, truth = _images(SMALL, SMALL_RATES, source)
        cell = Cell("small", "Person", f"2026-03-{day + 1:02}")
        candidates = [
            Candidate(f"{source.integers(2**60)}-{day}-{stratum}-{number}", "", stratum, None, 0)
            for stratum, size in zip(ESTIMATED, images, strict=True)
            for number in range(size)
        ]
        shown = {c.image_id for i, s in enumerate(ESTIMATED) for c in _of(candidates, s)[: truth[i]]}
        asked = next_images([review_cell("salt", cell, candidates, {})], VERDICTS_A_DAY, before=before)
        answers = {
            one.candidate.image_id: Answer.PRESENT if one.candidate.image_id in shown else Answer.ABSENT
            for one in asked
        }
        before.update(("small", one.candidate.stratum) for one in asked)
        cells.append(review_cell("salt", cell, candidates, answers).counts())
        total, truths = total + images, truths + truth
    return cells, _true(total, truths)


def _of(candidates: list[Candidate], stratum: Stratum) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.stratum is stratum]


GAPS: dict[str, Callable[[np.random.Generator], Window]] = {
    "two cameras, verdicts on one": one_camera_reviewed,
    "40 % of present images unsure": unsure_of_present_images,
    "week of 25 images and 6 verdicts a day": few_verdicts_a_day,
}


def _images(sizes: Array, rates: Array, source: np.random.Generator) -> tuple[Whole, Whole]:
    images = np.maximum(1, source.poisson(sizes)).astype(np.int64)
    logit = np.log(rates / (1 - rates)) + source.normal(0, 0.3, 3)
    return images, source.binomial(images, 1 / (1 + np.exp(-logit)))


def _true(images: Whole, truth: Whole) -> list[float]:
    found, missed, listed = int(truth[0]), int(truth[1:].sum()), int(images[0])
    recall = found / (found + missed) if found + missed else float("nan")
    return [found / listed, recall, 2 * found / (listed + found + missed), float(missed)]


def _cell(camera: str, images: Whole, present: Whole, absent: Whole, unsure: Whole | None = None) -> CellCounts:
    seen = (present, absent, 0 * images if unsure is None else unsure)
    tallies = {s: Tally(int(images[i]), *(int(each[i]) for each in seen)) for i, s in enumerate(ESTIMATED)}
    return CellCounts(Cell(camera, "Person", "2026-03-01"), tallies)
