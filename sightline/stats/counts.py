"""What is known of one cell and stratum: how many images, and what the reviewed prefix said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sightline.stats.sampling import Candidate, Cell, Reviewed, by_stratum, in_order, reviewed_prefix, waiting
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.verdicts import Answer


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one cell and stratum: `population` images, of which the reviewed ones were found to be ..."""

    population: int
    present: int = 0
    absent: int = 0
    unsure: int = 0

    def __post_init__(self) -> None:
        is_negative = self.present < 0 or self.absent < 0 or self.unsure < 0
        if is_negative or self.reviewed > self.population:
            message = f"{self}: counts must not be negative, nor reviews more than images"
            raise ValueError(message)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.population + other.population,
            self.present + other.present,
            self.absent + other.absent,
            self.unsure + other.unsure,
        )

    @property
    def reviewed(self) -> int:
        """How many images a person has looked at."""
        return self.present + self.absent + self.unsure

    @property
    def decided(self) -> int:
        """How many of them have a truth."""
        return self.present + self.absent

    @property
    def unseen(self) -> int:
        """How many images have no truth yet. An unsure one is among them: looking did not tell."""
        return self.population - self.decided


EMPTY = Tally(0)


@dataclass(frozen=True, slots=True)
class CellCounts:
    """All strata of one cell; a stratum that is not named is empty."""

    cell: Cell
    tallies: Mapping[Stratum, Tally]

    def tally(self, stratum: Stratum) -> Tally:
        """Return the counts of one stratum."""
        return self.tallies.get(stratum, EMPTY)


def by_part(pairs: Iterable[tuple[int, CellCounts]]) -> dict[int, list[CellCounts]]:
    """Gather the cells of each part."""
    parts: defaultdict[int, list[CellCounts]] = defaultdict(list)
    for part, counts in pairs:
        parts[part].append(counts)
    return dict(parts)


def images_of(part: Iterable[CellCounts]) -> int:
    """Count the images of the strata that are estimated."""
    return sum(counts.tally(stratum).population for counts in part for stratum in ESTIMATED)


@dataclass(frozen=True, slots=True)
class ReviewedCell:
    """The images of one cell; of each stratum the reviewed prefix, and the images that wait, in their order."""

    cell: Cell
    candidates: Sequence[Candidate]
    prefixes: Mapping[Stratum, Sequence[Reviewed]]
    waiting: Mapping[Stratum, Sequence[Candidate]]

    def counts(self) -> CellCounts:
        """Count all of it."""
        return self.split(lambda _: 0).get(0, CellCounts(self.cell, {}))

    def split(self, key: Callable[[Candidate], int | None]) -> dict[int, CellCounts]:
        """Count each part of the cell: images of the same `key`, None being left out.

        A part that is named without looking at verdicts (an hour, a range of confidence) has as its sample what of
        the prefix falls into it, and that is again a simple random sample of it (domain estimation; Cochran, Sampling
        Techniques, 3rd ed., section 2.13).
        """
        images = Counter((key(c), c.stratum) for c in self.candidates)
        reviews = Counter((key(r.candidate), s, r.answer) for s, rs in self.prefixes.items() for r in rs)
        return {
            part: CellCounts(
                self.cell,
                {s: Tally(images[part, s], *(reviews[part, s, answer] for answer in Answer)) for s in Stratum},
            )
            for part in {part for part, _ in images if part is not None}
        }


def review_cell(salt: str, cell: Cell, candidates: Sequence[Candidate], answers: Mapping[str, Answer]) -> ReviewedCell:
    """Find the reviewed prefix of each stratum of a cell.

    Args:
        salt: of the sampling; the same for ever, or all orders change.
        cell: whose images these are.
        candidates: its analysed images, in any order.
        answers: image id → the settled answer that counts.
    """
    ordered = {stratum: in_order(salt, cell, images) for stratum, images in by_stratum(candidates).items()}
    return ReviewedCell(
        cell,
        candidates,
        {stratum: reviewed_prefix(images, answers) for stratum, images in ordered.items()},
        {stratum: waiting(images, answers) for stratum, images in ordered.items()},
    )
