"""The report as JSON and CSV, with stable names."""

from typing import TextIO

from sightline.accuracy_report.words import camera_of
from sightline.models.answers import Json
from sightline.services.rollups.figures import figures_to_json
from sightline.services.rollups.report import Report, Row
from sightline.spreadsheets import write_rows
from sightline.stats.strata import Stratum

MEASURES = ("precision", "recall", "f1", "missed")


def report_to_json(report: Report) -> Json:
    """Return the report as JSON."""
    return {
        "label": report.rule.label,
        "threshold_percent": report.rule.threshold_percent,
        "window_days": report.window_days,
        "day": report.end_day,
        "late": {"images": report.late_images, "verdicts": report.late_verdicts},
        "rows": [row_to_json(row) for row in report.rows],
    }


def row_to_json(row: Row) -> dict[str, Json]:
    """Return one camera's window as JSON."""
    window, rollup = row.window, row.rollup
    outside = window.outside
    there, needed = window.first_reviews
    return {
        "camera": camera_of(row),
        "model": rollup.key.model,
        "method": rollup.key.method,
        "end_day": rollup.key.end_day,
        "population": window.population,
        "analysed": window.analysed,
        "unanalysed": outside.unanalysed,
        "unknown": window.bracket.unknown,
        "reviewed": window.reviewed,
        "unsure": window.unsure,
        "stale": outside.stale,
        "volunteered": outside.volunteered,
        "held_back": outside.held_back,
        "first_reviews": {"there": there, "needed": needed},
        "strata": {str(s): _tally(window.tallies[s].population, window.tallies[s].reviewed) for s in Stratum},
        "figures": figures_to_json(window.bracket.at_best),
        "if_all_unknown_were_missed": figures_to_json(window.bracket.at_worst),
        "advice": window.advice.sentence(),
        "hours": [
            {"hour": h.hour, "images": h.images, "decided": h.decided, "figures": figures_to_json(h.figures)}
            for h in window.hours
        ],
        "revision": rollup.revision,
        "reason": rollup.reason,
        "at": rollup.at.isoformat(),
    }


def _tally(images: int, reviewed: int) -> dict[str, int]:
    return {"images": images, "reviewed": reviewed}


def write_csv(report: Report, file: TextIO) -> None:
    """Write one line per row; shares are from 0 to 1, and figures that are not estimable are empty."""
    plain = (
        "camera", "model", "end_day", "population", "analysed", "unanalysed", "unknown", "reviewed", "unsure",
        "revision", "reason",
    )  # fmt: skip
    ends = ("low", "median", "high")
    rows: list[list[object]] = [
        ["label", "window_days", *plain, *(f"{name}_{end}" for name in MEASURES for end in ends)]
    ]
    for row in map(row_to_json, report.rows):
        figures = [row["figures"][name].get(end) for name in MEASURES for end in ends]
        rows.append([report.rule.label, report.window_days, *(row[name] for name in plain), *figures])
    write_rows(rows, file)
