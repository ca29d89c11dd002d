"""Small populations with a known truth, for the tests of this folder."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from sightline.stats.counts import CellCounts, ReviewedCell, Tally, review_cell
from sightline.stats.sampling import Candidate, Cell, counting_answers
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict

SALT = "salt"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cell(day: int = 1, camera: str = "yard") -> Cell:
    return Cell(camera, "Person", f"2026-03-{day:02}")


def counts(a: Tally, b: Tally, c: Tally, day: int = 1, camera: str = "yard") -> CellCounts:
    return CellCounts(cell(day, camera), {Stratum.A: a, Stratum.B: b, Stratum.C: c})


def verdict(image_id: str, answer: Answer, source: Source = Source.SAMPLED, reviewer: str = "ann") -> Verdict:
    return Verdict(image_id, "Person", reviewer, answer, f"bytes of {image_id}", source, NOON)


def world(seed: int = 1, size: int = 300) -> tuple[list[Candidate], dict[str, Answer]]:
    """Make the images of one cell and what is true of each."""
    source = np.random.default_rng(seed)
    candidates, truth = [], {}
    for number in range(size):
        confidence = float(source.uniform(0, 100)) if source.random() < 0.5 else None
        name = f"s3://bucket/yard/{seed}/{number}.jpg"
        chance = 0.05 if confidence is None else confidence / 100
        truth[name] = Answer.PRESENT if source.random() < chance else Answer.ABSENT
        stratum = _stratum(confidence)
        candidates.append(Candidate(name, f"bytes of {name}", stratum, confidence, hour=number % 24))
    return candidates, truth


def reviewed(candidates: list[Candidate], verdicts: Iterable[Verdict], where: Cell | None = None) -> ReviewedCell:
    where = where or cell()
    return review_cell(SALT, where, candidates, counting_answers(candidates, "Person", verdicts))


def _stratum(confidence: float | None) -> Stratum:
    if confidence is None or confidence < 20:
        return Stratum.C
    return Stratum.A if confidence >= 50 else Stratum.B
