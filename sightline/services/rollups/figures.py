"""The figures of one window: what a rollup holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from sightline.services.rollups.outside import Outside
from sightline.stats.advice import MINIMUM, Advice, Measure, advise
from sightline.stats.censoring import Bracket, bracket
from sightline.stats.counts import Tally
from sightline.stats.curves import HourFigures, by_hour
from sightline.stats.figures import Figures
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import CellSummary
from sightline.stats.windows import evidence_of


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One camera's day in numbers, with what takes no part in its estimate."""

    cell: CellSummary
    outside: Outside


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What a window says.

    tallies: images and answers by stratum; advice: what to review next; hours: those of the day that have an image
    """

    cameras: tuple[str, ...]
    days: int
    tallies: Mapping[Stratum, Tally]
    outside: Outside
    bracket: Bracket
    advice: Advice
    hours: Sequence[HourFigures]

    @property
    def figures(self) -> Figures:
        """Give the estimate; where images are unknown, that of the best case."""
        return self.bracket.at_best

    @property
    def population(self) -> int:
        """Count all images of the window."""
        return self.analysed + self.outside.unanalysed

    @property
    def analysed(self) -> int:
        """Count the images that the detector has answered."""
        return sum(tally.population for tally in self.tallies.values())

    @property
    def reviewed(self) -> int:
        """Count the images of the estimate that a person has looked at."""
        return sum(self.tallies[stratum].reviewed for stratum in ESTIMATED)

    @property
    def unsure(self) -> int:
        """Count those of which the person could not tell."""
        return sum(self.tallies[stratum].unsure for stratum in ESTIMATED)

    @property
    def first_reviews(self) -> tuple[int, int]:
        """Say how many of the first reviews of each stratum are there, and how many there must be."""
        needed = {s: min(MINIMUM, self.tallies[s].population) for s in ESTIMATED}
        return sum(min(needed[s], self.tallies[s].decided) for s in ESTIMATED), sum(needed.values())


def window_figures(days: Sequence[DaySummary], target_points: float, *names: str) -> WindowFigures:
    """Make the figures of the cells of one window; `names` seed the draws."""
    cells = [day.cell for day in days]
    evidence = evidence_of([cell.counts for cell in cells])
    tallies = {stratum: _sum_tallies(cell.counts.tally(stratum) for cell in cells) for stratum in Stratum}
    return WindowFigures(
        cameras=tuple(sorted({cell.cell.camera for cell in cells})),
        days=len({cell.cell.day for cell in cells}),
        tallies=tallies,
        outside=reduce(add, (day.outside for day in days), Outside()),
        bracket=bracket(evidence, tallies[Stratum.D].population, *names),
        advice=advise(evidence, Measure.RECALL, target_points / 100),
        hours=by_hour(cells, *names),
    )


def _sum_tallies(tallies: Iterable[Tally]) -> Tally:
    return reduce(add, tallies, Tally(0))
