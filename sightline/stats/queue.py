"""The next images worth a person's time.

`advice` says from which stratum; within it the cell with the most unseen images for each verdict is next, which keeps
cells reviewed in proportion to their size and every verdict worth a whole one (see `windows`); within the cell its
fixed order decides, so that neither the reviewer nor this queue chooses an image for its looks.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from sightline.stats.advice import Measure, next_strata
from sightline.stats.counts import ReviewedCell
from sightline.stats.sampling import Candidate, Cell
from sightline.stats.strata import Stratum
from sightline.stats.windows import evidence_of


@dataclass(frozen=True, slots=True)
class Request:
    """An image that a person is asked to look at."""

    cell: Cell
    candidate: Candidate


def next_images(cells: Sequence[ReviewedCell], count: int, measure: Measure = Measure.RECALL) -> list[Request]:
    """Choose the `count` images whose verdicts are expected to narrow the interval of `measure` most, in order.

    Where it is exact already (no negative was missed, and each is reviewed), those that narrow precision follow: it
    takes the rest of the positives.
    """
    return list(islice(_requests(cells, measure), count))


def _requests(cells: Sequence[ReviewedCell], measure: Measure) -> Iterator[Request]:
    taken: Counter[tuple[Cell, Stratum]] = Counter()
    ordered = sorted(cells, key=lambda cell: (cell.cell.day, cell.cell.camera))
    counts = {cell.cell: cell.counts() for cell in ordered}
    evidence = evidence_of(list(counts.values()))
    for stratum in chain(next_strata(evidence, measure), next_strata(evidence, Measure.PRECISION)):
        open_cells = [cell for cell in ordered if len(cell.waiting[stratum]) > taken[cell.cell, stratum]]
        if not open_cells:
            continue
        best = max(
            open_cells,
            key=lambda c: _images_a_verdict(
                counts[c.cell].tally(stratum).unseen, counts[c.cell].tally(stratum).decided, taken[c.cell, stratum]
            ),
        )
        yield Request(best.cell, best.waiting[stratum][taken[best.cell, stratum]])
        taken[best.cell, stratum] += 1


def _images_a_verdict(unseen: int, decided: int, taken: int) -> float:
    return (unseen - taken) / (decided + taken + 1)
