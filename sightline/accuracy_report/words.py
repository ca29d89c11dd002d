"""Figures in words: an interval, or why there is none; the table of figures and the notes beneath it."""

from sightline.services.rollups.figures import Unreviewed, WindowFigures
from sightline.services.rollups.report import Report, Row
from sightline.stats.figures import Figure, Interval
from sightline.storage.rollups.protocol import ALL_CAMERAS

COLUMNS = (
    "camera", "up to", "images", "analysed", "unknown", "reviewed", "precision", "recall", "F1", "missed", "revision",
)  # fmt: skip


def camera_of(row: Row) -> str:
    """Return the name of a row's camera."""
    return "all cameras" if row.rollup.key.camera == ALL_CAMERAS else row.rollup.key.camera


def table_rows(report: Report) -> list[tuple[object, ...]]:
    """Return the rows of the table; if there are several detector versions, each row names its own."""
    return [_table_row(row, with_model=len(report.models) > 1) for row in report.rows]


def _table_row(row: Row, *, with_model: bool) -> tuple[object, ...]:
    window, key = row.window, row.rollup.key
    camera = f"{camera_of(row)} (version {key.model})" if with_model else camera_of(row)
    counts = (window.population, window.analysed, window.bracket.unknown, window.reviewed)
    return (camera, key.end_day, *counts, *figure_words(window), row.rollup.revision)


def figure_words(window: WindowFigures) -> tuple[str, str, str, str]:
    """Return precision, recall, F1 and missed images in words."""
    best, worst = window.bracket.at_best, window.bracket.at_worst
    few = too_few(window)
    return (
        said(best.precision, best.precision),
        said(best.recall, worst.recall, few=few),
        said(best.f1, worst.f1),
        said(best.missed, worst.missed, is_share=False),
    )


def too_few(window: WindowFigures) -> str:
    """Return how many of the minimum reviews are done, in words; empty if all are."""
    there, needed = window.first_reviews
    return f"too few reviews ({there} of {needed})" if 0 < there < needed else ""


def said(one: Figure, other: Figure, *, few: str = "", is_share: bool = True) -> str:
    """Return a figure in words: median and 95 % interval; both medians if unknown images make best and worst differ."""
    if not isinstance(one, Interval) or not isinstance(other, Interval):
        return few or "not estimable"
    medians = sorted({_number(one.median, is_share=is_share), _number(other.median, is_share=is_share)}, key=float)
    low, high = min(one.low, other.low), max(one.high, other.high)
    unit = " %" if is_share else ""
    ends = f"{_number(low, is_share=is_share)}–{_number(high, is_share=is_share)}"
    return f"{'…'.join(medians)}{unit} ({ends})"


def _number(value: float, *, is_share: bool) -> str:
    return f"{100 * value:.0f}" if is_share else f"{value:.0f}"


AGAIN = "`sightline reanalyse --unknown` analyses them again"


def notes(report: Report, *, with_advice: bool = True, again: str = AGAIN) -> list[str]:
    """Return the notes that a reader of the table needs.

    with_advice: what to review next as well, by stratum; again: how images are analysed again
    """
    return [line for count, line in _notes(report, again, with_advice=with_advice) if count]


def _notes(report: Report, again: str, *, with_advice: bool) -> list[tuple[int, str]]:
    """Return each note with the count that decides whether it is shown."""
    rule, window, models = report.rule, report.main.window, report.models
    outside, unknown = window.outside, window.bracket.unknown
    late = report.late_images + report.late_verdicts
    return [
        (
            1,
            f"{rule.label} at {rule.threshold_percent:g} % or more is a positive. Figures: median (95 % interval).",
        ),
        (with_advice and sum(window.advice.more.values()), f"Next: {window.advice.sentence()}."),
        (unknown, f"For {_counted(unknown, 'image')} it is unknown whether the label was missed: {again}."),
        (outside.unanalysed, f"Not analysed, and not in these figures: {_counted(outside.unanalysed, 'image')}."),
        (
            outside.stale,
            f"On images that were overwritten since, and not counted: {_counted(outside.stale, 'verdict')}.",
        ),
        (outside.volunteered, f"Volunteered, so stored but never used: {_counted(outside.volunteered, 'verdict')}."),
        (
            outside.held_back,
            f"Waiting for images earlier in the review order: {_counted(outside.held_back, 'verdict')}.",
        ),
        (
            window.unsure,
            f"For {_counted(window.unsure, 'reviewed image')} no reviewer was sure: the intervals hold either answer.",
        ),
        (window.unreviewed.images, _unreviewed(window.unreviewed)),
        (late, f"More than 30 days late, stored, and not in these figures: {_late(report)}."),
        (len(models) - 1, f"The detector's version changed: {' → '.join(models)}. Versions are never pooled."),
    ]


def _unreviewed(unreviewed: Unreviewed) -> str:
    others = unreviewed.cameras - len(unreviewed.names)
    names = ", ".join(unreviewed.names) + (f" and {others} more" if others else "")
    images, have = _counted(unreviewed.images, "image"), "has" if unreviewed.images == 1 else "have"
    return f"{images} of {names} {have} no verdict, or only an unsure one: the intervals allow for any answer."


def _late(report: Report) -> str:
    return f"{_counted(report.late_images, 'image')} and {_counted(report.late_verdicts, 'verdict')}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
