"""Summaries and figures as the JSON that a rollup keeps, and back."""

from collections.abc import Mapping
from dataclasses import astuple

from sightline.models.answers import Json
from sightline.services.rollups.figures import DaySummary, WindowFigures
from sightline.services.rollups.outside import Outside
from sightline.stats.advice import Advice, Measure
from sightline.stats.censoring import Bracket
from sightline.stats.counts import CellCounts, Tally
from sightline.stats.curves import HourFigures
from sightline.stats.figures import Figure, Figures, Interval, NotEstimable
from sightline.stats.sampling import Cell
from sightline.stats.strata import Stratum
from sightline.stats.summary import CellSummary


def day_to_json(day: DaySummary) -> Json:
    """Write one camera's day. Counts of strata are lists: images, present, absent, unsure."""
    cell = day.cell
    return {
        "cell": list(astuple(cell.cell)),
        "outside": list(astuple(day.outside)),
        "counts": _tallies_to_json(cell.counts.tallies),
        "hours": {str(hour): _tallies_to_json(counts.tallies) for hour, counts in sorted(cell.hours.items())},
        "bands": {str(band): _tallies_to_json(counts.tallies) for band, counts in sorted(cell.bands.items())},
        "confidence_sums": {str(band): total for band, total in sorted(cell.confidence_sums.items())},
    }


def day_from_json(json: Json) -> DaySummary:
    """Read one camera's day."""
    cell = Cell(*json["cell"])

    def parts(name: str) -> dict[int, CellCounts]:
        return {int(part): CellCounts(cell, _tallies_from_json(counts)) for part, counts in json[name].items()}

    sums = {int(band): float(total) for band, total in json["confidence_sums"].items()}
    counts = CellCounts(cell, _tallies_from_json(json["counts"]))
    return DaySummary(CellSummary(cell, counts, parts("hours"), parts("bands"), sums), Outside(*json["outside"]))


def window_to_json(window: WindowFigures) -> Json:
    """Write the figures of a window."""
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
    }


def window_from_json(json: Json) -> WindowFigures:
    """Read the figures of a window."""
    advice = json["advice"]
    return WindowFigures(
        cameras=tuple(json["cameras"]),
        days=json["days"],
        tallies={stratum: Tally(0) for stratum in Stratum} | _tallies_from_json(json["tallies"]),
        outside=Outside(*json["outside"]),
        bracket=Bracket(json["unknown"], _figures_from_json(json["at_best"]), _figures_from_json(json["at_worst"])),
        advice=Advice(
            Measure(advice["measure"]),
            {Stratum(stratum): count for stratum, count in advice["more"].items()},
            advice["half_width"],
        ),
        hours=[HourFigures(h, images, n, _figures_from_json(figures)) for h, images, n, figures in json["hours"]],
    )


def figures_to_json(figures: Figures) -> dict[str, Json]:
    """Write figures by their names: an interval, or why there is none."""
    return {
        "precision": figure_to_json(figures.precision),
        "recall": figure_to_json(figures.recall),
        "f1": figure_to_json(figures.f1),
        "missed": figure_to_json(figures.missed),
    }


def figure_to_json(figure: Figure) -> Json:
    """Write one figure."""
    if isinstance(figure, Interval):
        return {"low": figure.low, "median": figure.median, "high": figure.high}
    return {"not_estimable": figure.reason, "at_most": figure.at_most}


def _figures_from_json(json: Json) -> Figures:
    return Figures(**{name: _figure_from_json(each) for name, each in json.items()})


def _figure_from_json(json: Json) -> Figure:
    if "not_estimable" in json:
        return NotEstimable(json["not_estimable"], json["at_most"])
    return Interval(json["low"], json["median"], json["high"])


def _tallies_to_json(tallies: Mapping[Stratum, Tally]) -> dict[str, list[int]]:
    return {str(stratum): list(astuple(tally)) for stratum, tally in sorted(tallies.items()) if tally.population}


def _tallies_from_json(json: Json) -> dict[Stratum, Tally]:
    return {Stratum(stratum): Tally(*counts) for stratum, counts in json.items()}
