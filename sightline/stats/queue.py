"""The next images worth a person's time.

`advice` says from which stratum; within it the cell with the most unseen images for each verdict is next, which keeps
cells reviewed in proportion to their size and every verdict worth a whole one (see `windows`); within the cell its
fixed order decides, so that neither the reviewer nor this queue chooses an image for its looks.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeAlias

from sightline.stats.advice import MINIMUM, Measure, next_strata
from sightline.stats.counts import CellCounts, ReviewedCell
from sightline.stats.sampling import Candidate, Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.windows import evidence_of


@dataclass(frozen=True, slots=True)
class Request:
    """An image that a person is asked to look at."""

    cell: Cell
    candidate: Candidate


Reviewed: TypeAlias = Mapping[tuple[str, Stratum], int]
"""Camera and stratum → how many of its images of the days before were decided."""


def next_images(
    cells: Sequence[ReviewedCell], count: int, measure: Measure = Measure.RECALL, before: Reviewed | None = None
) -> list[Request]:
    """Choose the `count` images whose verdicts are expected to narrow the interval of `measure` most, in order.

    First come the strata that lack verdicts together with the days `before`: a camera of few images would be asked for
    the same stratum day after day, and never for the others.

    Where it is exact already (no negative was missed, and each is reviewed), those that narrow precision follow: it
    takes the rest of the positives.
    """
    return list(islice(_requests(cells, measure, before or {}), count))


def _requests(cells: Sequence[ReviewedCell], measure: Measure, before: Reviewed) -> Iterator[Request]:
    taken: Counter[tuple[Cell, Stratum]] = Counter()
    ordered = sorted(cells, key=lambda cell: (cell.cell.day, cell.cell.camera))
    counts = {cell.cell: cell.counts() for cell in ordered}
    evidence = evidence_of(list(counts.values()))
    lacking = _lacking(ordered, counts, before)
    for stratum in chain(lacking, next_strata(evidence, measure), next_strata(evidence, Measure.PRECISION)):
        open_cells = [cell for cell in ordered if len(cell.waiting[stratum]) > taken[cell.cell, stratum]]
        if not open_cells:
            continue
        best = max(
            open_cells,
            key=lambda c: _images_a_verdict(
                counts[c.cell].tally(stratum).unseen,
                counts[c.cell].tally(stratum).decided + before.get((c.cell.camera, stratum), 0),
                taken[c.cell, stratum],
            ),
        )
        yield Request(best.cell, best.waiting[stratum][taken[best.cell, stratum]])
        taken[best.cell, stratum] += 1


def _lacking(cells: Sequence[ReviewedCell], counts: Mapping[Cell, CellCounts], before: Reviewed) -> Iterator[Stratum]:
    """Name the strata of fewer than `MINIMUM` verdicts, the one with the fewest first, as long as images wait."""
    done = Counter(
        {
            s: sum(n for (_, of), n in before.items() if of is s) + sum(c.tally(s).decided for c in counts.values())
            for s in ESTIMATED
        }
    )
    waiting = {s: sum(len(cell.waiting[s]) for cell in cells) for s in ESTIMATED}
    while lacking := [s for s in ESTIMATED if waiting[s] and done[s] < MINIMUM]:
        stratum = min(lacking, key=lambda s: done[s])
        done[stratum] += 1
        waiting[stratum] -= 1
        yield stratum


def _images_a_verdict(unseen: int, decided: int, taken: int) -> float:
    return (unseen - taken) / (decided + taken + 1)
