"""The report as one self-contained HTML file, without scripts."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from sightline.accuracy_report.charts import recall_by_camera, recall_over_days, reliability, sweep_curve
from sightline.accuracy_report.drawing import Chart, svg_of
from sightline.accuracy_report.words import COLUMNS, notes, said, table_rows
from sightline.services.rollups.report import Report
from sightline.stats.figures import NotEstimable

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; max-width: 1120px; margin: 32px auto; padding: 0 24px; }
h1 { font-size: 24px; margin-bottom: 4px; } h2 { font-size: 16px; margin: 0 0 8px; }
p.below { color: #5b6775; margin-top: 0; }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 16px 0; }
th, td { text-align: right; padding: 6px 8px; border-bottom: 1px solid #d5dbe3; white-space: nowrap; }
th { color: #5b6775; font-weight: 600; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
th:first-child, td:first-child { min-width: 130px; overflow-wrap: anywhere; }
section { border: 1px solid #d5dbe3; border-radius: 8px; padding: 16px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 16px; align-items: start; }
.hours { max-width: 640px; margin-top: 28px; }
svg { max-width: 100%; height: auto; font-family: system-ui, sans-serif; }
@media (max-width: 560px) { .charts { grid-template-columns: 1fr; } table { display: block; overflow-x: auto; } }
@media print { section { break-inside: avoid; } }
"""


def write_page(report: Report, file: Path) -> None:
    """Write the report."""
    file.write_text(page_of(report), "utf-8")


def page_of(report: Report) -> str:
    """Return the page as HTML."""
    title = f"How much {report.rule.label} was found, and how much was missed"
    below = f"{_days(report)} up to {report.end_day}; detector version: {', '.join(report.models)}"
    charts = "".join(map(_section, _charts(report)))
    lines = "".join(f"<li>{escape(line)}</li>" for line in [*notes(report), change_words(report)] if line)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p class=below>{escape(below)}</p>"
        f"{_table(COLUMNS, table_rows(report))}<ul>{lines}</ul>"
        f"<div class=charts>{charts}</div>{_hours(report)}{_revisions(report)}</body></html>\n"
    )


def _days(report: Report) -> str:
    return "1 day" if report.window_days == 1 else f"{report.window_days} days"


def change_words(report: Report) -> str:
    """Return whether recall fell since the previous window, in words; empty if that is not estimable."""
    change = report.change()
    if isinstance(change, NotEstimable):
        return ""
    by = change.difference
    verdict = "Recall fell" if change.is_drop else "Recall has not clearly fallen"
    points = f"{_points(by.median)} points ({_points(by.low)} to {_points(by.high)})"
    before = "day" if report.window_days == 1 else f"{report.window_days} days"
    return f"{verdict} compared with the previous {before}: {points}."


def _points(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "−")


def _charts(report: Report) -> list[Chart]:
    rule = report.rule
    return [
        recall_by_camera(report),
        recall_over_days(report.line(), report.window_days),
        sweep_curve(report.sweep(), rule.threshold_percent, rule.label, f"in {_days(report)}"),
        reliability(report.calibration(), rule.label),
    ]


def _section(chart: Chart) -> str:
    return f"<section><h2>{escape(chart.title)}</h2>{svg_of(chart)}</section>"


def _table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _hours(report: Report) -> str:
    rows = [
        (f"{h.hour:02}–{h.hour + 1:02} h", h.images, h.decided, said(h.figures.precision, h.figures.precision),
         said(h.figures.recall, h.figures.recall), said(h.figures.missed, h.figures.missed, is_share=False))
        for h in report.main.window.hours
    ]  # fmt: skip
    columns = ("hour of the day", "images", "reviewed", "precision", "recall", "missed")
    return f"<div class=hours><h2>By hour of the day</h2>{_table(columns, rows)}</div>"


def _revisions(report: Report) -> str:
    rollup = report.main.rollup
    line = f"Revision {rollup.revision} of {rollup.at:%Y-%m-%d %H:%M} UTC: {rollup.reason}. Method {rollup.key.method}."
    return f"<p class=below>{escape(line)}</p>"
