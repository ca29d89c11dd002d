"""What a rollup holds: one camera's day in numbers, the figures of one window, and both as JSON and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import reduce
from operator import add

from sightline.models.answers import Json
from sightline.models.stored import known_fields
from sightline.stats.advice import MINIMUM, Advice, Measure, advise
from sightline.stats.censoring import Bracket, bracket
from sightline.stats.counts import CellCounts, Tally
from sightline.stats.curves import HourFigures, by_hour
from sightline.stats.figures import NAMED, Figure, Figures, Interval, NotEstimable
from sightline.stats.posterior import Evidence
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import CellSummary
from sightline.stats.windows import evidence_of


@dataclass(frozen=True, slots=True)
class Outside:
    """Counts of what is not used in an estimate, and is reported beside it.

    unanalysed: images that the detector has not answered
    stale: verdicts on bytes that were overwritten since; volunteered: verdicts that the queue did not ask for
    held_back: reviewed images that wait for others earlier in the fixed order
    given: all verdicts on these images, including those that count
    """

    unanalysed: int = 0
    stale: int = 0
    volunteered: int = 0
    held_back: int = 0
    given: int = 0

    def __add__(self, other: "Outside") -> "Outside":
        return Outside(*(mine + others for mine, others in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One camera's day in numbers, with what its estimate does not use."""

    cell: CellSummary
    outside: Outside


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """Images of cameras without any verdict in their stratum; the figures hold whatever they may show.

    cameras: how many; names: the first of them
    """

    images: int = 0
    cameras: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """The figures of one window.

    tallies: images and verdicts by stratum; advice: what to review next; hours: the hours of the day with images
    """

    cameras: tuple[str, ...]
    days: int
    tallies: Mapping[Stratum, Tally]
    outside: Outside
    bracket: Bracket
    advice: Advice
    hours: Sequence[HourFigures]
    unreviewed: Unreviewed = Unreviewed()

    @property
    def figures(self) -> Figures:
        """Return the estimate; if images are unknown, the best case."""
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
        """Count the images in the estimate that a person has reviewed."""
        return sum(self.tallies[stratum].reviewed for stratum in ESTIMATED)

    @property
    def unsure(self) -> int:
        """Count the reviewed images where the reviewer was unsure."""
        return sum(self.tallies[stratum].unsure for stratum in ESTIMATED)

    @property
    def first_reviews(self) -> tuple[int, int]:
        """Return how many of the minimum reviews of all strata are done, and how many are needed."""
        needed = {s: min(MINIMUM, self.tallies[s].population) for s in ESTIMATED}
        return sum(min(needed[s], self.tallies[s].decided) for s in ESTIMATED), sum(needed.values())


def window_figures(days: Sequence[DaySummary], target_points: float, *names: str) -> WindowFigures:
    """Compute the figures of one window from its days; `names` seed the random draws."""
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
        unreviewed=_unreviewed(evidence),
    )


def _unreviewed(evidence: Mapping[Stratum, Evidence]) -> Unreviewed:
    cameras = sorted({camera for each in evidence.values() for camera in each.unreviewed_cameras})
    return Unreviewed(sum(each.unreviewed for each in evidence.values()), len(cameras), tuple(cameras[:NAMED]))


def _sum_tallies(tallies: Iterable[Tally]) -> Tally:
    return reduce(add, tallies, Tally(0))


def day_to_json(day: DaySummary) -> Json:
    """Return one camera's day as JSON. The counts of a stratum are a list: images, present, absent, unsure."""
    cell = day.cell
    return {
        "cell": list(astuple(cell.cell)),
        "outside": list(astuple(day.outside)),
        "counts": _tallies_to_json(cell.counts.tallies),
        "hours": {str(hour): _tallies_to_json(counts.tallies) for hour, counts in sorted(cell.hours.items())},
        "bands": {str(band): _tallies_to_json(counts.tallies) for band, counts in sorted(cell.bands.items())},
        "confidence_sums": {str(band): total for band, total in sorted(cell.confidence_sums.items())},
    }


def day_from_json(json: Json, *, with_hours: bool = True) -> DaySummary:
    """Return one camera's day from its JSON. with_hours: or without its hours of the day, which are half of it."""
    cell = Cell(*json["cell"])

    def split(name: str) -> dict[int, CellCounts]:
        return {int(part): CellCounts(cell, _tallies_from_json(counts)) for part, counts in json[name].items()}

    sums = {int(band): float(total) for band, total in json["confidence_sums"].items()}
    counts = CellCounts(cell, _tallies_from_json(json["counts"]))
    summary = CellSummary(cell, counts, split("hours") if with_hours else {}, split("bands"), sums)
    return DaySummary(summary, _outside_from_json(json["outside"]))


def window_to_json(window: WindowFigures) -> Json:
    """Return the figures of a window as JSON."""
    return {
        "cameras": list(window.cameras),
        "days": window.days,
        "tallies": _tallies_to_json(window.tallies),
        "outside": list(astuple(window.outside)),
        "unknown": window.bracket.unknown,
        "at_best": figures_to_json(window.bracket.at_best),
        "at_worst": figures_to_json(window.bracket.at_worst),
        "advice": {
            "measure": window.advice.measure,
            "more": {str(stratum): count for stratum, count in window.advice.more.items()},
            "half_width": window.advice.half_width,
        },
        "hours": [[h.hour, h.images, h.decided, figures_to_json(h.figures)] for h in window.hours],
        "unreviewed": [window.unreviewed.images, window.unreviewed.cameras, list(window.unreviewed.names)],
    }


def unanalysed_in(window: Mapping[str, Json]) -> int:
    """Return how many images of a rollup's window the detector has not answered."""
    return _outside_from_json(window["outside"]).unanalysed


def tallies_in(window: Mapping[str, Json]) -> dict[Stratum, Tally]:
    """Return the images and verdicts of a rollup's window by stratum, without the rest of its figures."""
    return _tallies_from_json(window["tallies"])


def window_from_json(json: Json) -> WindowFigures:
    """Return the figures of a window from their JSON."""
    advice = json["advice"]
    return WindowFigures(
        cameras=tuple(json["cameras"]),
        days=json["days"],
        tallies={stratum: Tally(0) for stratum in Stratum} | _tallies_from_json(json["tallies"]),
        outside=_outside_from_json(json["outside"]),
        bracket=Bracket(json["unknown"], _figures_from_json(json["at_best"]), _figures_from_json(json["at_worst"])),
        advice=Advice(
            Measure.read(advice["measure"]),
            {Stratum(name): count for name, count in advice["more"].items() if Stratum.read(name).is_known},
            advice["half_width"],
        ),
        hours=[HourFigures(h, images, n, _figures_from_json(figures)) for h, images, n, figures in json["hours"]],
        unreviewed=_unreviewed_from_json(json.get("unreviewed", [0, 0, []])),  # not there in figures of before
    )


def _unreviewed_from_json(json: Json) -> Unreviewed:
    images, cameras, names = json
    return Unreviewed(images, cameras, tuple(names))


def figures_to_json(figures: Figures) -> dict[str, Json]:
    """Return figures as JSON by name: an interval, or the reason that there is none."""
    return {
        "precision": figure_to_json(figures.precision),
        "recall": figure_to_json(figures.recall),
        "f1": figure_to_json(figures.f1),
        "missed": figure_to_json(figures.missed),
    }


def figure_to_json(figure: Figure) -> Json:
    """Return one figure as JSON."""
    if isinstance(figure, Interval):
        return {"low": figure.low, "median": figure.median, "high": figure.high}
    return {"not_estimable": figure.reason, "at_most": figure.at_most}


def _figures_from_json(json: Json) -> Figures:
    return Figures(**{name: _figure_from_json(each) for name, each in known_fields(Figures, json).items()})


def _outside_from_json(counts: Sequence[int]) -> Outside:
    return Outside(*counts[: len(fields(Outside))])  # a newer version may have stored more


def _figure_from_json(json: Json) -> Figure:
    if "not_estimable" in json:
        return NotEstimable(json["not_estimable"], json["at_most"])
    return Interval(json["low"], json["median"], json["high"])


def _tallies_to_json(tallies: Mapping[Stratum, Tally]) -> dict[str, list[int]]:
    return {str(stratum): list(astuple(tally)) for stratum, tally in sorted(tallies.items()) if tally.population}


STRATA = {str(stratum): stratum for stratum in Stratum}
"""By their stored names: 28 days of nine cameras hold 15,000 of them."""


def _tallies_from_json(json: Json) -> dict[Stratum, Tally]:
    return {STRATA[stratum]: Tally(*counts) for stratum, counts in json.items() if stratum in STRATA}
